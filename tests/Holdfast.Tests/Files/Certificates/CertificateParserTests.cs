using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Holdfast.Components.Files.Certificates;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class CertificateParserTests
{
    private static readonly DateTimeOffset _ends = new(2027, 2, 3, 4, 5, 6, TimeSpan.Zero);

    [Fact]
    public void The_facts_of_a_certificate_are_told()
    {
        using var made = TestCertificate.Rsa("platform.example", _ends);
        var facts = Assert.Single(Parse(made.Pem).Certificates);
        Assert.Equal("CN=platform.example", facts.Subject);
        Assert.Equal("CN=platform.example", facts.Issuer);
        Assert.Equal(["platform.example", "127.0.0.1"], facts.Names);
        Assert.Equal(_ends, facts.NotAfter);
        Assert.Equal(made.Certificate.SerialNumber, facts.Serial);
        Assert.Equal(made.Certificate.GetCertHashString(HashAlgorithmName.SHA256), facts.Fingerprint, ignoreCase: true);
    }

    [Fact]
    public void A_file_may_hold_a_chain_and_a_key_with_text_between()
    {
        using var first = TestCertificate.Rsa("first", _ends);
        using var second = TestCertificate.EllipticCurve("second", _ends);
        var content = Parse($"Bag Attributes\n{first.Pem}\nissuer=...\n{second.Pem}{first.KeyPem}");
        Assert.Equal(["CN=first", "CN=second"], content.Certificates.Select(facts => facts.Subject), StringComparer.Ordinal);
        Assert.Equal([new KeyFacts("RSA 2048", false, content.Certificates[0].PublicKey)], content.Keys);
        Assert.Null(content.Broken);
    }

    [Fact]
    public void Keys_are_read_in_both_of_their_formats()
    {
        using var rsa = TestCertificate.Rsa("a", _ends);
        using var curve = TestCertificate.EllipticCurve("b", _ends);
        var content = Parse(rsa.TraditionalKeyPem + curve.TraditionalKeyPem + curve.KeyPem);
        Assert.Equal(["RSA 2048", "EC 256", "EC 256"], content.Keys.Select(key => key.Algorithm), StringComparer.Ordinal);
        Assert.Equal(content.Keys[1].PublicKey, content.Keys[2].PublicKey);
    }

    [Fact]
    public void Encrypted_keys_of_both_kinds_are_told()
    {
        using var made = TestCertificate.Rsa("a", _ends);
        const string old = """
            -----BEGIN RSA PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED
            DEK-Info: AES-256-CBC,7F04C35A4B4B7E1D2D3E4F5061728394

            c29tZXRoaW5nIHRoYXQgaXMgZW5jcnlwdGVk
            -----END RSA PRIVATE KEY-----
            """;
        var content = Parse(made.EncryptedKeyPem + old);
        Assert.Equal([true, true], content.Keys.Select(key => key.IsEncrypted));
        Assert.Null(content.Broken);
    }

    [Fact]
    public void A_certificate_without_armour_is_read()
    {
        using var made = TestCertificate.EllipticCurve("der", _ends);
        var content = CertificateParser.Parse(made.Certificate.RawData);
        Assert.Equal(("DER", "CN=der"), (content.Format, Assert.Single(content.Certificates).Subject));
        Assert.Equal("EC 256", Assert.Single(CertificateParser.Parse(made.KeyDer).Keys).Algorithm);
    }

    [Fact]
    public void A_store_without_a_password_is_read()
    {
        using var made = TestCertificate.Rsa("store", _ends);
        var content = CertificateParser.Parse(made.Certificate.Export(X509ContentType.Pkcs12));
        Assert.Equal(("PKCS#12", "CN=store"), (content.Format, Assert.Single(content.Certificates).Subject));
        Assert.Equal(content.Certificates[0].PublicKey, Assert.Single(content.Keys).PublicKey);
    }

    [Fact]
    public void A_store_with_a_password_keeps_its_secret()
    {
        using var made = TestCertificate.Rsa("store", _ends);
        var content = CertificateParser.Parse(made.Certificate.Export(X509ContentType.Pkcs12, "secret"));
        Assert.Equal(("PKCS#12", 0, null), (content.Format, content.Certificates.Count, content.Broken));
        Assert.True(Assert.Single(content.Keys).IsEncrypted);
    }

    [Fact]
    public void A_key_store_of_Java_is_recognised() =>
        Assert.Equal("Java key store", CertificateParser.Parse([0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2]).Format);

    [Fact]
    public void What_is_cut_off_or_damaged_is_told_and_the_rest_is_read()
    {
        using var made = TestCertificate.Rsa("whole", _ends);
        var cut = Parse(made.Pem + made.Pem[..(made.Pem.Length / 2)]);
        Assert.Equal((1, true), (cut.Certificates.Count, cut.Broken is not null));
        var damaged = Parse($"-----BEGIN CERTIFICATE-----\n{Convert.ToBase64String("not a certificate"u8)}\n-----END CERTIFICATE-----\n{made.Pem}");
        Assert.Equal((1, true), (damaged.Certificates.Count, damaged.Broken is not null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    public void Anything_else_is_of_an_unknown_kind(string text)
    {
        var content = Parse(text);
        Assert.Empty(content.Certificates);
        Assert.NotNull(content.Broken);
    }

    private static CertificateContent Parse(string text) => CertificateParser.Parse(Encoding.Latin1.GetBytes(text));
}
