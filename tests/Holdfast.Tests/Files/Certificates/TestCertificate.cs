using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Tests.Files.Certificates;

/// <summary>A real, self-signed certificate with its key, valid from 2020 until a given instant.</summary>
internal sealed class TestCertificate : IDisposable
{
    private static readonly DateTimeOffset _start = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly AsymmetricAlgorithm _key;

    private TestCertificate(AsymmetricAlgorithm key, X509Certificate2 certificate) => (_key, Certificate) = (key, certificate);

    public X509Certificate2 Certificate { get; }
    public string Pem => Certificate.ExportCertificatePem() + "\n";
    public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

    public string EncryptedKeyPem => _key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)) + "\n";

    /// <summary>The key in its own format: "RSA PRIVATE KEY" or "EC PRIVATE KEY".</summary>
    public string TraditionalKeyPem => (_key is RSA rsa ? rsa.ExportRSAPrivateKeyPem() : ((ECDsa)_key).ExportECPrivateKeyPem()) + "\n";

    public byte[] KeyDer => _key.ExportPkcs8PrivateKey();

    public static TestCertificate EllipticCurve(string name, DateTimeOffset ends)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(key, Sign(new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256), name, ends));
    }

    public static TestCertificate Rsa(string name, DateTimeOffset ends)
    {
        var key = RSA.Create(2048);
        return new(key, Sign(new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), name, ends));
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static X509Certificate2 Sign(CertificateRequest request, string name, DateTimeOffset ends)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(_start, ends);
    }
}
