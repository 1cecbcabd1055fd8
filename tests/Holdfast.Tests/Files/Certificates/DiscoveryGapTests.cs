using System.Security.Cryptography;
using System.Text;
using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

/// <summary>Ways to name a certificate or key that are legal, rarer, and were overlooked once.</summary>
public sealed class DiscoveryGapTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("t")]
    [InlineData("y")]
    [InlineData("tru")]
    [InlineData("ye")]
    [InlineData("Yes")]
    [InlineData("1")]
    public void PostgreSQL_takes_any_beginning_of_true_and_yes(string value) =>
        Assert.Equal(["Certificate /a/s.crt", "Key /a/s.key"], Read(new PostgresConfiguration(), "postgresql.conf", $"ssl = {value}\nssl_cert_file = '/a/s.crt'\nssl_key_file = '/a/s.key'\n"));

    [Theory]
    [InlineData("o")]
    [InlineData("off")]
    [InlineData("f")]
    [InlineData("n")]
    public void PostgreSQL_without_TLS_names_nothing(string value) =>
        Assert.Empty(Read(new PostgresConfiguration(), "postgresql.conf", $"ssl = {value}\nssl_cert_file = '/a/s.crt'\n"));

    [Theory]
    [InlineData("primary_conninfo = 'host=a sslcert=/a/c.crt sslkey=/a/c.key sslrootcert=''/a/ca.crt'' sslmode=verify-full'")]
    [InlineData("primary_conninfo = 'postgresql://r@a/?sslcert=/a/c.crt&sslkey=%2Fa%2Fc.key&sslrootcert=/a/ca.crt'")]
    public void PostgreSQL_names_some_in_the_connection_of_a_standby(string line) =>
        Assert.Equal(["Authorities /a/ca.crt", "Certificate /a/c.crt", "Key /a/c.key"], Read(new PostgresConfiguration(), "postgresql.conf", $"ssl = off\n{line}\n").Order(StringComparer.Ordinal));

    [Fact]
    public void PostgreSQL_has_a_folder_of_revocation_lists() =>
        Assert.Contains("Other /a/crls", Read(new PostgresConfiguration(), "postgresql.conf", "ssl = on\nssl_crl_dir = '/a/crls'\nssl_cert_file = '/a/s.crt'\nssl_key_file = '/a/s.key'\n"), StringComparer.Ordinal);

    [Fact]
    public void Elasticsearch_names_files_of_realms() => Assert.Equal(
        ["Certificate /a/sign.crt", "Key /a/sign.key", "Other /a/idp.xml", "Other /a/es.keytab", "Store /a/enc.p12"],
        Read(new YamlConfiguration("search", "elasticsearch.yml"), "elasticsearch.yml", """
            xpack.security.authc.realms.saml.s1:
              signing.certificate: /a/sign.crt
              signing.key: /a/sign.key
              idp.metadata.path: /a/idp.xml
            xpack.security.authc.realms.kerberos.k1.keytab.path: /a/es.keytab
            xpack.security.authc.realms.saml.s2.encryption.keystore.path: /a/enc.p12
            """));

    [Fact]
    public void Logstash_names_pipelines_with_braces_and_in_its_own_settings()
    {
        _folder.Write("conf.d/a.conf", "input { rabbitmq { ssl_certificate_path => \"/a/a.p12\" } }");
        _folder.Write("conf.d/b.conf", "input { beats { ssl_key => '/a/b.key' } }");
        Assert.Equal(
            ["Key /a/s.key", "Certificate /a/a.p12", "Key /a/b.key"],
            Read(new LogstashConfiguration(), "pipelines.yml", $"- pipeline.id: a\n  path.config: \"{_folder["conf.d"]}/{{a,b}}.conf\"\n- pipeline.id: s\n  config.string: \"input {{ http {{ ssl_key => '/a/s.key' }} }}\"\n"));
    }

    [Fact]
    public void Postfix_names_folders_maps_and_options_of_services()
    {
        _folder.Write("master.cf", "smtp inet n - y - - smtpd\n  -o smtpd_tls_cert_file=/a/m.pem\n  -o { smtpd_tls_key_file = /a/m.key }\n");
        Assert.Equal(
            ["Authorities /a/certs", "Other /a/sni", "Certificate /a/m.pem", "Key /a/m.key"],
            Read(new PostfixConfiguration(), "main.cf", "smtp_tls_CApath = /a/certs\ntls_server_sni_maps = hash:/a/sni\n"));
    }

    [Fact]
    public void Nginx_names_a_stapled_answer() =>
        Assert.Equal(["Other /a/ocsp.der"], Read(new NginxConfiguration(), "nginx.conf", "ssl_stapling_file /a/ocsp.der;"));

    [Theory]
    [InlineData("http { server { listen 443 ssl; } }", 1)]
    [InlineData("http { server { listen [::]:443 quic reuseport; } server { listen 80; } }", 1)]
    [InlineData("http { server { listen 443 ssl; location / { return 200; } ssl_certificate /a/c.pem; } }", 0)]
    [InlineData("http { server { listen 443 ssl; } ssl_certificate /a/c.pem; }", 0)]
    [InlineData("http { server { listen 443 ssl; ssl_reject_handshake on; } server { listen 80; } }", 0)]
    public void Nginx_that_listens_with_TLS_and_without_a_certificate_is_told(string text, int problems)
    {
        var reader = new ConfigurationReader();
        _ = Named.By(new NginxConfiguration(), _folder.Write("nginx.conf", text), reader);
        Assert.Equal(problems, reader.Problems.Count);
    }

    [Fact]
    public void A_pattern_that_goes_through_the_whole_machine_is_told()
    {
        var reader = new ConfigurationReader();
        _ = Named.By(new NginxConfiguration(), _folder.Write("nginx.conf", "include /**/**/**/*.none; include /*/*/*/*/*/*.none;"), reader);
        Assert.NotEmpty(reader.Problems);
    }

    [Fact]
    public void A_certificate_with_what_it_is_trusted_for_is_read()
    {
        using var made = TestCertificate.EllipticCurve("platform", DateTimeOffset.UtcNow.AddDays(9));
        var pem = PemEncoding.WriteString("TRUSTED CERTIFICATE", [.. made.Certificate.RawData, 0x30, 0x00]);
        Assert.Single(CertificateParser.Parse(Encoding.ASCII.GetBytes(pem)).Certificates);
    }

    [Fact]
    public void Values_that_grow_from_each_other_end()
    {
        var lines = Enumerable.Range(0, 12).Select(i => $"v{i} = {string.Concat(Enumerable.Repeat($"$v{i + 1}", 50))}");
        Assert.Empty(Read(new PostfixConfiguration(), "main.cf", "smtpd_tls_cert_file = $v0\n" + string.Join('\n', lines)));
        Assert.Empty(Read(new NginxConfiguration(), "nginx.conf", string.Concat(Enumerable.Repeat("${", 1 << 20))));
    }

    private string[] Read(INamesCertificates program, string name, string text) => Named.By(program, _folder.Write(name, text));
}
