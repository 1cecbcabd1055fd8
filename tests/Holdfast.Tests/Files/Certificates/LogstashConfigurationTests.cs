using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class LogstashConfigurationTests : IDisposable
{
    private const string Pipeline = """
        input {
          beats {
            port => 5044
            ssl => true
            # ssl_key => "/commented/out.key"
            ssl_certificate => "/etc/logstash/beats.crt"
            ssl_key => '/etc/logstash/beats.key'
            ssl_certificate_authorities => ["/etc/logstash/ca.crt",
                                            "/etc/logstash/ca2.crt"]
          }
        }
        filter { mutate { add_field => { "key" => "/not/a/key" } } }
        output { elasticsearch { hosts => ["https://es:9200"] cacert => "/etc/logstash/es#1.crt" keystore => "/etc/logstash/client.p12" } }
        """;

    private static readonly string[] _named =
    [
        "Certificate /etc/logstash/beats.crt",
        "Key /etc/logstash/beats.key",
        "Authorities /etc/logstash/ca.crt",
        "Authorities /etc/logstash/ca2.crt",
        "Authorities /etc/logstash/es#1.crt",
        "Store /etc/logstash/client.p12",
    ];

    private readonly TempFolder _folder = new();
    private readonly LogstashConfiguration _logstash = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Plugins_of_a_pipeline_name_them() => Assert.Equal(_named, Named.By(_logstash, _folder.Write("logstash/conf.d/x.conf", Pipeline)));

    [Fact]
    public void Pipelines_are_found_through_the_file_that_lists_them()
    {
        _folder.Write("conf.d/eclecticiq.conf", Pipeline);
        var file = _folder.Write("pipelines.yml", $"- pipeline.id: main\n  path.config: \"{_folder["conf.d/*.conf"]}\"\n");
        Assert.Equal(_named, Named.By(_logstash, file));
    }

    [Fact]
    public void Its_own_settings_name_some_too()
    {
        var file = _folder.Write("logstash.yml", "api.ssl.enabled: true\napi.ssl.keystore.path: /etc/logstash/api.p12\nxpack.monitoring.elasticsearch.ssl.certificate_authority: /etc/logstash/ca.crt\n");
        Assert.Equal(["Store /etc/logstash/api.p12", "Authorities /etc/logstash/ca.crt"], Named.By(_logstash, file));
    }

    [Fact]
    public void A_variable_is_a_riddle()
    {
        var reader = new ConfigurationReader();
        Assert.Empty(Named.By(_logstash, _folder.Write("logstash/x.conf", "output { http { cacert => \"${CERTS}/ca.crt\" } }"), reader));
        Assert.Single(reader.Problems);
    }
}
