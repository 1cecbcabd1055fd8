using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class YamlConfigurationTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly YamlConfiguration _yaml = new("search", "elasticsearch.yml");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Elasticsearch_names_them_with_dots_or_indentation()
    {
        var file = _folder.Write("elasticsearch.yml", """
            cluster.name: intel
            path.data: /media/elasticsearch
            #xpack.security.http.ssl.key: commented.key
            xpack.security.enabled: true
            xpack.security.http.ssl:
              enabled: true
              keystore.path: certs/http.p12
            xpack.security.transport.ssl.key: certs/node.key
            xpack.security.transport.ssl.certificate: /etc/pki/node.crt
            xpack.security.transport.ssl.certificate_authorities: [ "certs/ca.crt", "certs/old-ca.crt" ]
            xpack:
              security:
                authc:
                  realms.ldap.main.ssl.truststore.path: ldap.jks
            """);
        Assert.Equal(
            [
                $"Store {_folder["certs/http.p12"]}",
                $"Key {_folder["certs/node.key"]}",
                "Certificate /etc/pki/node.crt",
                $"Authorities {_folder["certs/ca.crt"]}",
                $"Authorities {_folder["certs/old-ca.crt"]}",
                $"Store {_folder["ldap.jks"]}",
            ],
            Named.By(_yaml, file));
    }

    [Fact]
    public void OpenSearch_has_names_of_its_own()
    {
        var file = _folder.Write("opensearch.yml", """
            plugins.security.ssl.transport.pemcert_filepath: esnode.pem
            plugins.security.ssl.transport.pemkey_filepath: esnode-key.pem
            plugins.security.ssl.transport.pemtrustedcas_filepath: root-ca.pem
            plugins.security.ssl.http.keystore_filepath: http.jks
            plugins.security.ssl.http.enabled: true
            """);
        Assert.Equal(
            [$"Certificate {_folder["esnode.pem"]}", $"Key {_folder["esnode-key.pem"]}", $"Authorities {_folder["root-ca.pem"]}", $"Store {_folder["http.jks"]}"],
            Named.By(_yaml, file));
    }

    [Fact]
    public void Kibana_names_its_own_and_those_for_the_search_engine()
    {
        var file = _folder.Write("kibana.yml", """
            server.ssl.enabled: true
            server.ssl.certificate: /etc/kibana/kibana.crt
            server.ssl.key: /etc/kibana/kibana.key
            elasticsearch.ssl.certificateAuthorities: /etc/kibana/ca.pem, /etc/kibana/other.pem
            elasticsearch.ssl.verificationMode: certificate
            """);
        Assert.Equal(
            ["Certificate /etc/kibana/kibana.crt", "Key /etc/kibana/kibana.key", "Authorities /etc/kibana/ca.pem", "Authorities /etc/kibana/other.pem"],
            Named.By(_yaml, file));
    }

    [Fact]
    public void A_variable_is_a_riddle()
    {
        var reader = new ConfigurationReader();
        Assert.Empty(Named.By(_yaml, _folder.Write("elasticsearch.yml", "xpack.security.http.ssl.key: ${ES_CERTS}/node.key\n"), reader));
        Assert.Single(reader.Problems);
    }

    [Theory]
    [InlineData("")]
    [InlineData("just text")]
    [InlineData("a: [unclosed")]
    [InlineData("# only a comment")]
    public void What_is_no_configuration_names_nothing(string text) => Assert.Empty(Named.By(_yaml, _folder.Write("elasticsearch.yml", text)));
}
