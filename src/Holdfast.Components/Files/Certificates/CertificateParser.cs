using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Determines the content of a certificate or key file from its bytes, whatever its name.</summary>
internal static class CertificateParser
{
    public const string JavaStore = "Java key store";

    // Source: JDK, sun.security.provider.JavaKeyStore and com.sun.crypto.provider.JceKeyStore.
    private static readonly byte[] _javaMagic = [0xFE, 0xED, 0xFE, 0xED], _javaExtendedMagic = [0xCE, 0xCE, 0xCE, 0xCE];

    public static CertificateContent Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return new("empty", [], [], "It is empty.");
        if (bytes.StartsWith(_javaMagic) || bytes.StartsWith(_javaExtendedMagic)) return new(JavaStore, [], []);
        if (bytes.IndexOf("-----BEGIN "u8) >= 0) return PemParser.Parse(bytes);
        if (IsPkcs12(bytes)) return ParsePkcs12(bytes);
        return ParseDer(bytes);
    }

    /// <summary>Describes one certificate.</summary>
    public static CertificateFacts FactsOf(X509Certificate2 certificate) => new()
    {
        Subject = certificate.Subject,
        Issuer = certificate.Issuer,
        Names = NamesOf(certificate),
        NotBefore = new DateTimeOffset(certificate.NotBefore),
        NotAfter = new DateTimeOffset(certificate.NotAfter),
        Serial = certificate.SerialNumber,
        Fingerprint = Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256)),
        PublicKey = DigestOf(certificate.PublicKey.ExportSubjectPublicKeyInfo()),
    };

    /// <summary>Describes one key, of which no part is kept.</summary>
    public static KeyFacts FactsOf(AsymmetricAlgorithm key, string name) => new($"{name} {key.KeySize}", false, DigestOf(key.ExportSubjectPublicKeyInfo()));

    private static string DigestOf(byte[] publicKey) => Convert.ToHexStringLower(SHA256.HashData(publicKey));

    private static List<string> NamesOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return names is null ? [] : [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(address => address.ToString())];
    }

    private static CertificateContent ParseDer(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(bytes);
            return new("DER", [FactsOf(certificate)], []);
        }
        catch (Exception foreign) when (foreign is not OutOfMemoryException)
        {
            return KeyParser.TryParseDer(bytes) is { } key ? new("DER", [], [key])
                : new("unknown", [], [], "It is neither PEM, DER nor PKCS#12.");
        }
    }

    // PFX ::= SEQUENCE { version INTEGER {v3(3)}, ... }. Source: RFC 7292, section 4.
    private static bool IsPkcs12(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var content = new AsnReader(bytes.ToArray(), AsnEncodingRules.BER).ReadSequence();
            return content.TryReadInt32(out var version) && version == 3;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static CertificateContent ParsePkcs12(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var all = X509CertificateLoader.LoadPkcs12Collection(bytes, password: null, X509KeyStorageFlags.EphemeralKeySet);
            var facts = all.Select(FactsOf).ToList();
            var keys = all.Where(certificate => certificate.HasPrivateKey).Select(KeyParser.FactsOf).ToList();
            foreach (var certificate in all) certificate.Dispose();
            return new("PKCS#12", facts, keys);
        }
        catch (Exception foreign) when (foreign is not OutOfMemoryException)
        {
            // A store with a password is the normal case; its content stays unknown.
            return new("PKCS#12", [], [new("unknown", IsEncrypted: true, PublicKey: null)]);
        }
    }
}
