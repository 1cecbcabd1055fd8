using System.Runtime.InteropServices;

namespace Holdfast.Restic.Crypto;

/// <summary>
/// The few functions of OpenSSL's libcrypto that the format needs and .NET does not offer (CTR, Poly1305, scrypt), of
/// OpenSSL 3 or 1.1.1, whichever <see cref="OpenSsl"/> finds. Source: manual pages EVP_EncryptInit, EVP_MAC (3 alone),
/// EVP_PKEY_new, EVP_DigestSignInit and EVP_PBE_scrypt of both versions.
/// </summary>
internal static unsafe partial class LibCrypto
{
    /// <summary>A name for the resolver that is not a file.</summary>
    private const string Library = "libcrypto";

    /// <summary>NID_poly1305 of obj_mac.h, the same in every version.</summary>
    public const int Poly1305Key = 1061;

    static LibCrypto() => NativeLibrary.SetDllImportResolver(typeof(LibCrypto).Assembly, (name, _, _) => name == Library ? OpenSsl.Crypto : 0);

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

    [LibraryImport(Library)] public static partial nint EVP_MD_CTX_new();
    [LibraryImport(Library)] public static partial int EVP_MD_CTX_reset(nint context);
    [LibraryImport(Library)] public static partial void EVP_MD_CTX_free(nint context);
    [LibraryImport(Library)] public static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint keyLength);
    [LibraryImport(Library)] public static partial void EVP_PKEY_free(nint key);
    [LibraryImport(Library)] public static partial int EVP_DigestSignInit(nint context, nint keyContext, nint digest, nint engine, nint key);
    [LibraryImport(Library)] public static partial int EVP_DigestSign(nint context, byte* output, nuint* outputLength, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_PBE_scrypt(
        byte* password, nuint passwordLength, byte* salt, nuint saltLength, ulong n, ulong r, ulong p, ulong maxMemory, byte* key, nuint keyLength);

    /// <summary>Throws unless a function of libcrypto has returned 1, its success.</summary>
    public static void Require(int result, string function)
    {
        if (result != 1) throw new InvalidOperationException($"libcrypto's {function} failed.");
    }
}
