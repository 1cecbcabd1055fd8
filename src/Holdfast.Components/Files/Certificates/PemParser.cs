using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Reads PEM files: any number of certificates and keys, with any text between them.</summary>
internal static class PemParser
{
    // RFC 7468 has no headers in a block; OpenSSL's older encrypted keys do: "Proc-Type: 4,ENCRYPTED".
    private const string OldEncryption = "Proc-Type: 4,ENCRYPTED";

    public static CertificateContent Parse(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var certificates = new List<CertificateFacts>();
        var keys = new List<KeyFacts>();
        string? broken = null;
        var blocks = 0;
        for (var rest = text.AsSpan(); PemEncoding.TryFind(rest, out var block); rest = rest[block.Location.End..], blocks++)
            broken = Add(rest[block.Label].ToString(), Convert.FromBase64String(rest[block.Base64Data].ToString()), certificates, keys) ?? broken;
        var encrypted = Count(text, OldEncryption);
        for (var i = 0; i < encrypted; i++) keys.Add(new("unknown", IsEncrypted: true, PublicKey: null));
        if (blocks + encrypted < Count(text, "-----BEGIN ")) broken ??= "A block of it is cut off or damaged.";
        return new("PEM", certificates, keys, broken);
    }

    private static int Count(string text, string what) => text.AsSpan().Count(what);

    private static string? Add(string label, byte[] der, List<CertificateFacts> certificates, List<KeyFacts> keys)
    {
        switch (label)
        {
            case "CERTIFICATE" or "X509 CERTIFICATE":
                return AddCertificate(der, certificates);
            case "TRUSTED CERTIFICATE":
                return AddCertificate(FirstOf(der), certificates); // OpenSSL's own format: trust settings follow the certificate
            case "ENCRYPTED PRIVATE KEY":
                keys.Add(new("unknown", IsEncrypted: true, PublicKey: null));
                break;
            case "PRIVATE KEY":
                keys.Add(KeyParser.ParsePkcs8(der));
                break;
            case "RSA PRIVATE KEY":
                keys.Add(KeyParser.ParseRsa(der));
                break;
            case "EC PRIVATE KEY":
                keys.Add(KeyParser.ParseEllipticCurve(der));
                break;
        }
        CryptographicOperations.ZeroMemory(der);
        return null;
    }

    private static byte[] FirstOf(byte[] der)
    {
        try
        {
            AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.BER, out _, out _, out var consumed);
            return der[..consumed];
        }
        catch (AsnContentException)
        {
            return der;
        }
    }

    private static string? AddCertificate(byte[] der, List<CertificateFacts> certificates)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            certificates.Add(CertificateParser.FactsOf(certificate));
            return null;
        }
        catch (Exception unreadable) when (unreadable is not OutOfMemoryException)
        {
            return $"A certificate of it can't be read: {unreadable.Message}";
        }
    }
}
