using System.Security.Cryptography;

namespace Holdfast.Restic.Crypto;

/// <summary>
/// Encrypts and authenticates: IV(16) || AES-256-CTR ciphertext || Poly1305-AES tag(16). One instance serves one thread at
/// a time; <see cref="SealerPool"/> lends them. Source: doc/design.rst, "Keys, Encryption and MAC"; Poly1305-AES is D. J. Bernstein's.
/// </summary>
internal sealed unsafe class Sealer : IDisposable
{
    public const int IvSize = 16;
    public const int TagSize = Poly1305.TagSize;

    /// <summary>The number of bytes that encryption adds to the plaintext.</summary>
    public const int Overhead = IvSize + TagSize;

    private readonly nint _cipher = LibCrypto.EVP_CIPHER_CTX_new();
    private readonly nint _nonceCipher = LibCrypto.EVP_CIPHER_CTX_new();
    private readonly Poly1305 _poly1305 = Poly1305.Create();
    private readonly byte[] _macR;

    public Sealer(RepositoryKey key)
    {
        if (_cipher == 0 || _nonceCipher == 0) throw new InvalidOperationException("libcrypto has no AES.");
        _macR = key.MacR;
        fixed (byte* encrypt = key.Encrypt, macK = key.MacK)
        {
            LibCrypto.Require(LibCrypto.EVP_EncryptInit_ex(_cipher, LibCrypto.EVP_aes_256_ctr(), 0, encrypt, null), nameof(LibCrypto.EVP_EncryptInit_ex));
            LibCrypto.Require(LibCrypto.EVP_EncryptInit_ex(_nonceCipher, LibCrypto.EVP_aes_128_ecb(), 0, macK, null), nameof(LibCrypto.EVP_EncryptInit_ex));
        }
        LibCrypto.Require(LibCrypto.EVP_CIPHER_CTX_set_padding(_nonceCipher, 0), nameof(LibCrypto.EVP_CIPHER_CTX_set_padding));
    }

    /// <summary>
    /// Encrypts a message under a fresh random IV. The destination is exactly <see cref="Overhead"/> bytes longer than
    /// the plaintext.
    /// </summary>
    public void Seal(ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, plaintext.Length + Overhead);
        var iv = destination[..IvSize];
        RandomNumberGenerator.Fill(iv);
        var ciphertext = destination.Slice(IvSize, plaintext.Length);
        Cipher(iv, plaintext, ciphertext);
        Tag(iv, ciphertext, destination[^TagSize..]);
    }

    /// <summary>
    /// Decrypts a message; false when the tag does not match: it was damaged, or encrypted with another key.
    /// </summary>
    public bool TryOpen(ReadOnlySpan<byte> message, Span<byte> plaintext)
    {
        if (message.Length < Overhead) return false;
        ArgumentOutOfRangeException.ThrowIfNotEqual(plaintext.Length, message.Length - Overhead);
        var iv = message[..IvSize];
        var ciphertext = message[IvSize..^TagSize];
        Span<byte> tag = stackalloc byte[TagSize];
        Tag(iv, ciphertext, tag);
        if (!CryptographicOperations.FixedTimeEquals(tag, message[^TagSize..])) return false;
        Cipher(iv, ciphertext, plaintext);
        return true;
    }

    private void Cipher(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.IsEmpty) return;
        int written;
        fixed (byte* i = iv, source = input, target = output)
        {
            LibCrypto.Require(LibCrypto.EVP_EncryptInit_ex(_cipher, 0, 0, null, i), nameof(LibCrypto.EVP_EncryptInit_ex));
            LibCrypto.Require(LibCrypto.EVP_EncryptUpdate(_cipher, target, &written, source, input.Length), nameof(LibCrypto.EVP_EncryptUpdate));
        }
    }

    /// <summary>Computes the one-time key: r followed by the IV encrypted with k.</summary>
    private void Tag(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertext, Span<byte> tag)
    {
        Span<byte> oneTime = stackalloc byte[Poly1305.KeySize];
        _macR.CopyTo(oneTime);
        int written;
        fixed (byte* i = iv, nonce = oneTime[RepositoryKey.MacSize..])
        {
            LibCrypto.Require(LibCrypto.EVP_EncryptUpdate(_nonceCipher, nonce, &written, i, IvSize), nameof(LibCrypto.EVP_EncryptUpdate));
        }
        _poly1305.Tag(oneTime, ciphertext, tag);
    }

    public void Dispose()
    {
        LibCrypto.EVP_CIPHER_CTX_free(_cipher);
        LibCrypto.EVP_CIPHER_CTX_free(_nonceCipher);
        _poly1305.Dispose();
    }
}
