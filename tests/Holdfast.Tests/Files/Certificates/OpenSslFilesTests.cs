using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

/// <summary>Files as administrators make them: by the openssl program.</summary>
public sealed class OpenSslFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rsa:2048", "RSA 2048")]
    [InlineData("ec -pkeyopt ec_paramgen_curve:secp384r1", "EC 384")]
    [InlineData("ed25519", "unknown")]
    public async Task Certificates_and_keys_are_read(string kind, string algorithm)
    {
        await OpenSslAsync($"req -x509 -newkey {kind} -nodes -keyout key.pem -out cert.pem -days 30 -subj /C=NL/O=Example/CN=host -addext subjectAltName=DNS:host,DNS:other,IP:::1");
        var (certificate, key) = (Assert.Single(Parse("cert.pem").Certificates), Assert.Single(Parse("key.pem").Keys));
        Assert.Equal("CN=host, O=Example, C=NL", certificate.Subject);
        Assert.Equal(["host", "other", "::1"], certificate.Names);
        Assert.Equal((algorithm, false), (key.Algorithm, key.IsEncrypted));
        if (key.PublicKey is not null) Assert.Equal(certificate.PublicKey, key.PublicKey);
    }

    [Theory]
    [InlineData("rsa -in key.pem -aes256 -passout pass:x -traditional -out out.pem")]
    [InlineData("pkcs8 -topk8 -in key.pem -passout pass:x -out out.pem")]
    public async Task Encrypted_keys_are_told(string command)
    {
        await OpenSslAsync("genrsa -out key.pem 2048");
        await OpenSslAsync(command);
        Assert.True(Assert.Single(Parse("out.pem").Keys).IsEncrypted);
    }

    [Theory]
    [InlineData("-passout pass:", true)]
    [InlineData("-passout pass:secret", false)]
    public async Task Stores_are_opened_only_without_a_password(string password, bool isOpen)
    {
        await OpenSslAsync("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=store");
        await OpenSslAsync($"pkcs12 -export -inkey key.pem -in cert.pem -out store.p12 {password}");
        var content = Parse("store.p12");
        Assert.Equal(("PKCS#12", isOpen ? 1 : 0, null), (content.Format, content.Certificates.Count, content.Broken));
    }

    private CertificateContent Parse(string name) => CertificateParser.Parse(File.ReadAllBytes(_folder[name]));

    private async Task OpenSslAsync(string arguments)
    {
        var openssl = Require.Program("openssl");
        (await Command.BashAsync("""cd "$1"; exec "$2" $3""", _folder.Path, openssl, arguments)).Succeeded();
    }
}
