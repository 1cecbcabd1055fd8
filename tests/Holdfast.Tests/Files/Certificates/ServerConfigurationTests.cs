using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

/// <summary>Redis, Apache, HAProxy and Dovecot as distributions set them up.</summary>
public sealed class ServerConfigurationTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Redis_names_its_files_and_includes_others()
    {
        _folder.Write("conf.d/tls.conf", "TLS-Key-File '/etc/redis/tls/key.pem'\nport 6379\n");
        var file = _folder.Write("redis.conf", $"""
            # tls-cert-file /commented/out.pem
            tls-cert-file "/etc/redis/tls/with space.pem"
            tls-ca-cert-dir /etc/ssl/certs
            aclfile /etc/redis/users.acl
            include {_folder["conf.d"]}/*.conf
            include relative.conf
            """);
        var reader = new ConfigurationReader();
        Assert.Equal(
            ["Certificate /etc/redis/tls/with space.pem", "Authorities /etc/ssl/certs", "Other /etc/redis/users.acl", "Key /etc/redis/tls/key.pem"],
            Named.By(new RedisConfiguration(), file, reader));
        Assert.Contains("relative.conf", Assert.Single(reader.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apache_of_Debian_counts_from_the_folder_of_its_main_file()
    {
        _folder.Write("apache2/sites-available/site.conf", """
            <VirtualHost *:443>
                SSLCertificateFile ${tls}/site.pem
                sslcertificatekeyfile \
                    ssl/site.key
                SSLCACertificatePath ${UNKNOWN}/ca
            </VirtualHost>
            """);
        Directory.CreateDirectory(_folder["apache2/sites-enabled"]);
        File.CreateSymbolicLink(_folder["apache2/sites-enabled/site.conf"], "../sites-available/site.conf");
        var file = _folder.Write("apache2/apache2.conf", "Define tls /etc/pki\nIncludeOptional sites-enabled/*.conf\nIncludeOptional missing/*.conf\n");
        var reader = new ConfigurationReader();
        Assert.Equal(["Certificate /etc/pki/site.pem", $"Key {_folder["apache2/ssl/site.key"]}"], Named.By(new ApacheConfiguration(), file, reader));
        Assert.Contains("UNKNOWN", Assert.Single(reader.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apache_of_Red_Hat_counts_from_ServerRoot_and_takes_whole_folders()
    {
        _folder.Write("httpd/conf.d/deep/ssl.conf", "SSLCertificateChainFile certs/chain.pem\n");
        var file = _folder.Write("httpd/conf/httpd.conf", $"ServerRoot \"{_folder["httpd"]}\"\nInclude conf.d\n");
        Assert.Equal([$"Authorities {_folder["httpd/certs/chain.pem"]}"], Named.By(new ApacheConfiguration(), file));
        Assert.Equal(Fit.Part, new ApacheConfiguration().FitOf(_folder["httpd/conf.d/deep/ssl.conf"]));
    }

    [Fact]
    public void HAProxy_counts_from_its_bases_and_reads_lists_of_certificates()
    {
        _folder.Write("crt/a.pem", "x");
        _folder.Write("crt/a.pem.key", "x");
        var list = _folder.Write("list.txt", "b.pem [alpn h2] example.org\n# c.pem\n/abs/d.pem\n");
        var file = _folder.Write("haproxy.cfg", $"""
            global
                crt-base {_folder["crt"]}
                ca-base /etc/ca
                ssl-dh-param-file /etc/haproxy/dh.pem
            frontend f
                bind :443 ssl crt a.pem alpn h2 crt-list {list}
            backend b
                server s 10.0.0.1:443 ssl verify required ca-file trust.pem
                server t 10.0.0.2:443 ssl ca-file @system-ca
            """);
        Assert.Equal(
            [
                "Other /etc/haproxy/dh.pem", $"Certificate {_folder["crt/a.pem"]}", $"Key {_folder["crt/a.pem.key"]}", $"Other {list}",
                $"Certificate {_folder["crt/b.pem"]}", "Certificate /abs/d.pem", "Authorities /etc/ca/trust.pem",
            ],
            Named.By(new HaproxyConfiguration(), file));
    }

    [Fact]
    public void Dovecot_names_files_behind_a_sign_and_includes_by_pattern()
    {
        _folder.Write("conf.d/10-ssl.conf", "ssl_cert = </etc/dovecot/private/dovecot.pem\nssl_key=</etc/dovecot/private/dovecot.key\nlocal_name example.org {\n  ssl_cert = < own.pem\n}\n");
        var file = _folder.Write("dovecot.conf", "ssl_server_ca_file = /etc/ca.pem\nssl_dh = $DH\nssl_ca = -----BEGIN\n!include conf.d/*.conf\n!include_try local.conf\n");
        Assert.Equal(
            ["Authorities /etc/ca.pem", "Certificate /etc/dovecot/private/dovecot.pem", "Key /etc/dovecot/private/dovecot.key", $"Certificate {_folder["conf.d/own.pem"]}"],
            Named.By(new DovecotConfiguration(), file));
    }
}
