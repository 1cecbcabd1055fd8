using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class NginxConfigurationTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly NginxConfiguration _nginx = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Includes_are_followed_and_paths_count_from_the_main_file()
    {
        var main = _folder.Write("nginx.conf", """
            user nginx;
            # ssl_certificate /commented/out.pem;
            events { worker_connections 1024; }
            http {
                log_format main '$remote_addr "$request" # no comment; ssl_certificate /in/a/string.pem';
                ssl_dhparam dh.pem;
                include conf.d/*.conf;
                include mime.types;   # is not there
            }
            """);
        _folder.Write("conf.d/platform.conf", """
            server {
                listen 443 ssl;
                ssl_certificate     "certs/platform chain.pem";
                ssl_certificate_key /etc/pki/tls/private/platform.key;
                ssl_client_certificate ca.pem; ssl_trusted_certificate ca.pem;
                location / { proxy_pass https://back; proxy_ssl_certificate client.pem; proxy_ssl_certificate_key client.key; }
                return 301 https://${host}$request_uri;
            }
            """);
        Assert.Equal(
            [
                $"Other {_folder["dh.pem"]}",
                $"Certificate {_folder["certs/platform chain.pem"]}",
                "Key /etc/pki/tls/private/platform.key",
                $"Authorities {_folder["ca.pem"]}",
                $"Authorities {_folder["ca.pem"]}",
                $"Certificate {_folder["client.pem"]}",
                $"Key {_folder["client.key"]}",
            ],
            Named.By(_nginx, main));
    }

    [Fact]
    public void A_part_that_nobody_includes_counts_from_the_main_file_too()
    {
        _folder.Write("nginx.conf", "events {}");
        var part = _folder.Write("sites.conf.d/site.conf", "ssl_certificate cert.pem;");
        Assert.Equal([$"Certificate {_folder["cert.pem"]}"], Named.By(_nginx, part));
    }

    [Fact]
    public void Files_that_include_each_other_end()
    {
        var main = _folder.Write("nginx.conf", "include other.conf; ssl_certificate a.pem;");
        _folder.Write("other.conf", "include nginx.conf;");
        Assert.Equal([$"Certificate {_folder["a.pem"]}"], Named.By(_nginx, main));
    }

    [Fact]
    public void A_variable_is_a_riddle_and_a_key_in_hardware_is_no_file()
    {
        var reader = new ConfigurationReader();
        var main = _folder.Write("nginx.conf", "ssl_certificate /certs/$ssl_server_name.pem; ssl_certificate_key engine:pkcs11:id; ssl_certificate data:$cert;");
        Assert.Empty(Named.By(_nginx, main, reader));
        Assert.Contains("$ssl_server_name", Assert.Single(reader.Problems).Message);
    }

    [Theory]
    [InlineData("/etc/nginx/nginx.conf", "Main")]
    [InlineData("/etc/eclecticiq-nginx/sites.conf.d/eclecticiq-default.conf", "Part")]
    [InlineData("/etc/nginx/mime.types", "None")]
    [InlineData("/etc/httpd/conf/httpd.conf", "None")]
    public void Its_configurations_are_told_by_their_paths(string path, string fit) => Assert.Equal(fit, _nginx.FitOf(path).ToString());
}
