using System.Runtime.InteropServices;

namespace Holdfast.Restic.Crypto;

/// <summary>
/// The few functions of OpenSSL 3's libcrypto that the format needs and .NET does not offer (CTR, Poly1305, scrypt).
/// .NET on Linux needs the same library for its own cryptography, so nothing is added to what a machine must have.
/// Source: OpenSSL 3.0 manual pages EVP_EncryptInit, EVP_MAC, EVP_PBE_scrypt.
/// </summary>
internal static unsafe partial class LibCrypto
{
    private const string Library = "libcrypto.so.3";

    [LibraryImport(Library)] public static partial nint EVP_CIPHER_CTX_new();
    [LibraryImport(Library)] public static partial void EVP_CIPHER_CTX_free(nint context);
    [LibraryImport(Library)] public static partial nint EVP_aes_256_ctr();
    [LibraryImport(Library)] public static partial nint EVP_aes_128_ecb();
    [LibraryImport(Library)] public static partial int EVP_CIPHER_CTX_set_padding(nint context, int padding);
    [LibraryImport(Library)] public static partial int EVP_EncryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv);
    [LibraryImport(Library)] public static partial int EVP_EncryptUpdate(nint context, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_MAC_fetch(nint library, string algorithm, string? properties);

    [LibraryImport(Library)] public static partial void EVP_MAC_free(nint mac);
    [LibraryImport(Library)] public static partial nint EVP_MAC_CTX_new(nint mac);
    [LibraryImport(Library)] public static partial void EVP_MAC_CTX_free(nint context);
    [LibraryImport(Library)] public static partial int EVP_MAC_init(nint context, byte* key, nuint keyLength, nint parameters);
    [LibraryImport(Library)] public static partial int EVP_MAC_update(nint context, byte* data, nuint length);
    [LibraryImport(Library)] public static partial int EVP_MAC_final(nint context, byte* output, nuint* outputLength, nuint outputSize);

    [LibraryImport(Library)]
    public static partial int EVP_PBE_scrypt(
        byte* password, nuint passwordLength, byte* salt, nuint saltLength, ulong n, ulong r, ulong p, ulong maxMemory, byte* key, nuint keyLength);

    /// <summary>libcrypto's functions return 1 for success.</summary>
    public static void Require(int result, string function)
    {
        if (result != 1) throw new InvalidOperationException($"libcrypto's {function} failed.");
    }
}
