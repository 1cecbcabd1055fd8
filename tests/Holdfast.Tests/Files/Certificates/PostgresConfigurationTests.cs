using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class PostgresConfigurationTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly PostgresConfiguration _postgres = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Relative_certificates_count_from_the_data_directory()
    {
        var file = Configuration("""
            # - SSL -
            ssl = on
            #ssl_ca_file = 'commented.crt'
            ssl_cert_file = 'server.crt'            # (change requires reload)
            ssl_key_file='/etc/ssl/it''s mine.key'
            SSL_CRL_FILE = crl.pem
            """);
        Assert.Equal(
            [$"Certificate {_folder["server.crt"]}", "Key /etc/ssl/it's mine.key", $"Other {_folder["crl.pem"]}"],
            Named.By(_postgres, file));
    }

    [Fact]
    public void With_TLS_and_nothing_else_said_the_usual_files_are_meant() =>
        Assert.Equal([$"Certificate {_folder["server.crt"]}", $"Key {_folder["server.key"]}"], Named.By(_postgres, Configuration("ssl = on\n")));

    [Fact]
    public void Without_TLS_nothing_is_meant() =>
        Assert.Empty(Named.By(_postgres, Configuration("ssl = off\nssl_cert_file = 'server.crt'\n")));

    [Fact]
    public void The_last_setting_wins_and_what_ALTER_SYSTEM_wrote_wins_over_all()
    {
        var file = Configuration("""
            include_dir 'conf.d'
            include = 'extra.conf'
            include_if_exists 'not-there.conf'
            ssl on
            """);
        _folder.Write("conf.d/10-tls.conf", "ssl_cert_file = '/a/first.crt'\nssl_key_file = '/a/first.key'\n");
        _folder.Write("conf.d/.hidden.conf", "ssl_ca_file = '/a/hidden.crt'\n");
        _folder.Write("extra.conf", "ssl_cert_file = '/a/second.crt'\n");
        _folder.Write("postgresql.auto.conf", "ssl_key_file = '/a/altered.key'\n");
        Assert.Equal(["Certificate /a/second.crt", "Key /a/altered.key"], Named.By(_postgres, file));
    }

    [Fact]
    public void The_data_directory_may_lie_elsewhere()
    {
        _folder.Write("data/PG_VERSION", "15\n");
        var file = _folder.Write("etc/postgresql.conf", $"data_directory = '{_folder["data"]}'\nssl = on\n");
        Assert.Equal([$"Certificate {_folder["data/server.crt"]}", $"Key {_folder["data/server.key"]}"], Named.By(_postgres, file));
    }

    [Fact]
    public void A_relative_file_without_a_known_data_directory_is_a_riddle()
    {
        var reader = new ConfigurationReader();
        var file = _folder.Write("eclecticiq-postgres.conf", "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = '/a/server.key'\n");
        Assert.Equal(["Key /a/server.key"], Named.By(_postgres, file, reader));
        Assert.Single(reader.Problems);
    }

    [Theory]
    [InlineData("/media/pgsql/11/data/postgresql.conf", "Main")]
    [InlineData("/etc/eclecticiq-postgres/listen-addresses.conf", "Part")]
    [InlineData("/etc/eclecticiq-postgres/pg_hba.conf", "None")]
    public void Its_configurations_are_told_by_their_paths(string path, string fit) => Assert.Equal(fit, _postgres.FitOf(path).ToString());

    private string Configuration(string text)
    {
        _folder.Write("PG_VERSION", "15\n");
        return _folder.Write("postgresql.conf", text);
    }
}
