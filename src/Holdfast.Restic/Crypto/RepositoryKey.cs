using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Restic.Crypto;

/// <summary>
/// The three keys that seal everything: AES-256 for the data, and Poly1305-AES's k and r for the tag.
/// Source: doc/design.rst, "Keys, Encryption and MAC".
/// </summary>
internal sealed class RepositoryKey
{
    public const int EncryptSize = 32;
    public const int MacSize = 16;

    public byte[] Encrypt { get; }
    public byte[] MacK { get; }
    public byte[] MacR { get; }

    public RepositoryKey(ReadOnlySpan<byte> encrypt, ReadOnlySpan<byte> macK, ReadOnlySpan<byte> macR)
    {
        if (encrypt.Length != EncryptSize || macK.Length != MacSize || macR.Length != MacSize)
            throw new ResticException(ResticError.Damaged, "A key of the repository has parts of the wrong length.");
        (Encrypt, MacK, MacR) = (encrypt.ToArray(), macK.ToArray(), macR.ToArray());
    }

    public static RepositoryKey Random() => new(
        RandomNumberGenerator.GetBytes(EncryptSize), RandomNumberGenerator.GetBytes(MacSize), Clamped(RandomNumberGenerator.GetBytes(MacSize)));

    /// <summary>
    /// Derives the key that decrypts a key file from a password. N, r and p determine its time and memory.
    /// </summary>
    public static unsafe RepositoryKey FromPassword(string password, ReadOnlySpan<byte> salt, KeyDerivation derivation)
    {
        var secret = Encoding.UTF8.GetBytes(password);
        Span<byte> derived = stackalloc byte[EncryptSize + 2 * MacSize];
        var memory = 128UL * (ulong)derivation.R * ((ulong)derivation.N + (ulong)derivation.P + 2) + (1 << 20);
        fixed (byte* s = secret, t = salt, d = derived)
        {
            LibCrypto.Require(
                LibCrypto.EVP_PBE_scrypt(
                    s, (nuint)secret.Length, t, (nuint)salt.Length,
                    (ulong)derivation.N, (ulong)derivation.R, (ulong)derivation.P, memory, d, (nuint)derived.Length),
                nameof(LibCrypto.EVP_PBE_scrypt));
        }
        CryptographicOperations.ZeroMemory(secret);
        return new RepositoryKey(derived[..32], derived.Slice(32, 16), derived[48..]);
    }

    /// <summary>Clears the bits of r that Poly1305 ignores; restic stores r without them.</summary>
    private static byte[] Clamped(byte[] r)
    {
        foreach (var i in (ReadOnlySpan<int>)[3, 7, 11, 15]) r[i] &= 0x0F;
        foreach (var i in (ReadOnlySpan<int>)[4, 8, 12]) r[i] &= 0xFC;
        return r;
    }
}
