using System.Runtime.InteropServices;

namespace Holdfast.Restic.Crypto;

/// <summary>
/// The machine's OpenSSL: version 3 where there is one, as .NET chooses, otherwise 1.1.1 (Rocky Linux 8, Debian 11). .NET on Linux needs
/// the same library for its own cryptography, so nothing is added to what a machine must have.
/// </summary>
public static class OpenSsl
{
    private static readonly string[] Versions = ["3", "1.1"];
    private static readonly Lazy<(string Version, nint Crypto)?> Found = new(Find);

    /// <summary>
    /// Ensures that OpenSSL can be loaded. Without it .NET terminates the whole process, with a message of its own,
    /// when cryptography is first used, so this is called before that.
    /// </summary>
    /// <exception cref="ResticException">Neither version can be loaded: <see cref="ResticError.NoOpenSsl"/>.</exception>
    public static void Require()
    {
        if (Found.Value is null) throw new ResticException(ResticError.NoOpenSsl, "Neither OpenSSL 3 (libssl.so.3) nor OpenSSL 1.1.1 (libssl.so.1.1) can be loaded.");
    }

    /// <summary>The handle of libcrypto.</summary>
    /// <exception cref="ResticException">Neither version can be loaded.</exception>
    internal static nint Crypto
    {
        get
        {
            Require();
            return Found.Value!.Value.Crypto;
        }
    }

    /// <summary>Whether the library has EVP_MAC, which was added in version 3.</summary>
    internal static bool HasMac => Found.Value is { Version: "3" };

    /// <summary>Both libraries must exist: .NET needs libssl.</summary>
    private static (string Version, nint Crypto)? Find()
    {
        foreach (var version in Versions)
        {
            if (NativeLibrary.TryLoad($"libssl.so.{version}", out _) && NativeLibrary.TryLoad($"libcrypto.so.{version}", out var crypto)) return (version, crypto);
        }
        return null;
    }
}
