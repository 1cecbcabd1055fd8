using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Reads private keys only as far as necessary to determine their algorithm and public key.</summary>
internal static class KeyParser
{
    private static readonly KeyFacts _unknown = new("unknown", IsEncrypted: false, PublicKey: null);

    /// <summary>Reads PKCS#8 ("PRIVATE KEY"), which contains the algorithm.</summary>
    public static KeyFacts ParsePkcs8(ReadOnlySpan<byte> der) =>
        TryRsa(der, static (key, bytes) => key.ImportPkcs8PrivateKey(bytes, out _))
        ?? TryEllipticCurve(der, static (key, bytes) => key.ImportPkcs8PrivateKey(bytes, out _))
        ?? _unknown;

    public static KeyFacts ParseRsa(ReadOnlySpan<byte> der) => TryRsa(der, static (key, bytes) => key.ImportRSAPrivateKey(bytes, out _)) ?? _unknown;

    public static KeyFacts ParseEllipticCurve(ReadOnlySpan<byte> der) =>
        TryEllipticCurve(der, static (key, bytes) => key.ImportECPrivateKey(bytes, out _)) ?? _unknown;

    /// <summary>Reads a key without a PEM label, in any of the formats; null when it is not a key.</summary>
    public static KeyFacts? TryParseDer(ReadOnlySpan<byte> der) =>
        new[] { ParsePkcs8(der), ParseRsa(der), ParseEllipticCurve(der) }.FirstOrDefault(key => key != _unknown);

    /// <summary>Describes the key that a store contains for a certificate.</summary>
    public static KeyFacts FactsOf(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPrivateKey();
        if (rsa is not null) return CertificateParser.FactsOf(rsa, "RSA");
        using var curve = certificate.GetECDsaPrivateKey();
        return curve is not null ? CertificateParser.FactsOf(curve, "EC") : _unknown;
    }

    private delegate void Import<in TKey>(TKey key, ReadOnlySpan<byte> der);

    private static KeyFacts? TryRsa(ReadOnlySpan<byte> der, Import<RSA> import)
    {
        using var key = RSA.Create();
        return TryImport(key, "RSA", der, import);
    }

    private static KeyFacts? TryEllipticCurve(ReadOnlySpan<byte> der, Import<ECDsa> import)
    {
        using var key = ECDsa.Create();
        return TryImport(key, "EC", der, import);
    }

    private static KeyFacts? TryImport<TKey>(TKey key, string name, ReadOnlySpan<byte> der, Import<TKey> import)
        where TKey : AsymmetricAlgorithm
    {
        try
        {
            import(key, der);
            return CertificateParser.FactsOf(key, name);
        }
        catch (Exception foreign) when (foreign is not OutOfMemoryException)
        {
            return null;
        }
    }
}
