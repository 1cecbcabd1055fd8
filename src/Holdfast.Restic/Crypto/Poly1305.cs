namespace Holdfast.Restic.Crypto;

/// <summary>
/// Poly1305 tags under one-time keys; one instance serves one thread at a time. OpenSSL 3 has two interfaces for it,
/// and the one that 1.1.1 also has costs 6 µs a message there, as much as encrypting 4 KiB; so each version gets the
/// faster one.
/// </summary>
internal abstract class Poly1305 : IDisposable
{
    /// <summary>Bytes of a key: r, then s.</summary>
    public const int KeySize = 32;

    /// <summary>Bytes of a tag.</summary>
    public const int TagSize = 16;

    /// <summary>Returns the faster implementation of those that the machine's OpenSSL has.</summary>
    public static Poly1305 Create() => OpenSsl.HasMac ? new MacPoly1305() : new KeyPoly1305();

    /// <summary>Writes the tag of the data: <see cref="TagSize"/> bytes under a key of <see cref="KeySize"/> bytes.</summary>
    public abstract void Tag(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag);

    public abstract void Dispose();
}

/// <summary>Uses EVP_MAC, which OpenSSL has since version 3.</summary>
internal sealed unsafe class MacPoly1305 : Poly1305
{
    private readonly nint _algorithm = LibCrypto.EVP_MAC_fetch(0, "POLY1305", null);
    private readonly nint _context;

    public MacPoly1305()
    {
        _context = LibCrypto.EVP_MAC_CTX_new(_algorithm);
        if (_context == 0) throw new InvalidOperationException("libcrypto has no Poly1305.");
    }

    public override void Tag(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        nuint written;
        fixed (byte* k = key, d = data, t = tag)
        {
            LibCrypto.Require(LibCrypto.EVP_MAC_init(_context, k, KeySize, 0), nameof(LibCrypto.EVP_MAC_init));
            LibCrypto.Require(LibCrypto.EVP_MAC_update(_context, d, (nuint)data.Length), nameof(LibCrypto.EVP_MAC_update));
            LibCrypto.Require(LibCrypto.EVP_MAC_final(_context, t, &written, TagSize), nameof(LibCrypto.EVP_MAC_final));
        }
    }

    public override void Dispose()
    {
        LibCrypto.EVP_MAC_CTX_free(_context);
        LibCrypto.EVP_MAC_free(_algorithm);
    }
}

/// <summary>Uses a signing key of the type Poly1305, which OpenSSL has since version 1.1.1.</summary>
internal sealed unsafe class KeyPoly1305 : Poly1305
{
    private readonly nint _context = LibCrypto.EVP_MD_CTX_new();

    public override void Tag(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        fixed (byte* k = key, d = data, t = tag)
        {
            var signer = LibCrypto.EVP_PKEY_new_raw_private_key(LibCrypto.Poly1305Key, 0, k, KeySize);
            if (signer == 0) throw new InvalidOperationException("libcrypto has no Poly1305.");
            try
            {
                nuint written = TagSize;
                LibCrypto.Require(LibCrypto.EVP_MD_CTX_reset(_context), nameof(LibCrypto.EVP_MD_CTX_reset));
                LibCrypto.Require(LibCrypto.EVP_DigestSignInit(_context, 0, 0, 0, signer), nameof(LibCrypto.EVP_DigestSignInit));
                LibCrypto.Require(LibCrypto.EVP_DigestSign(_context, t, &written, d, (nuint)data.Length), nameof(LibCrypto.EVP_DigestSign));
            }
            finally
            {
                LibCrypto.EVP_PKEY_free(signer);
            }
        }
    }

    public override void Dispose() => LibCrypto.EVP_MD_CTX_free(_context);
}
