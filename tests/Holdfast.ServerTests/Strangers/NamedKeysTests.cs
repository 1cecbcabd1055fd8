using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>The user of a service names, in its own configuration, keys of others: they are not captured, so no restore rolls them back.</summary>
public sealed class NamedKeysTests : IDisposable
{
    private const string Key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("nginx.conf", "ssl_certificate_key {0};", "nginx")]
    [InlineData("postgresql.conf", "ssl = on\nssl_key_file = '{0}'\nssl_cert_file = '{0}'", "postgres")]
    [InlineData("elasticsearch.yml", "xpack.security.http.ssl.key: {0}", "search")]
    [InlineData("main.cf", "smtpd_tls_key_file = {0}", "postfix")]
    public async Task A_key_that_the_user_cannot_read_is_not_taken(string name, string text, string program)
    {
        Require.Root();
        var (others, readable, own) = await MakeAsync();
        Assert.Equal(["hidden", "taken", "taken"], new[] { others, readable, own }.Select(key => Ask(name, text, key, "nobody:nogroup", program)));
        Assert.Equal("taken", Ask(name, text, others, "root:root", program));
    }

    /// <summary>root:games 0660 is how packages install configurations: the group can change it, and reads what it may.</summary>
    [Fact]
    public async Task A_configuration_that_a_group_can_write_names_what_the_group_can_read()
    {
        Require.Root();
        var (others, _, _) = await MakeAsync();
        Assert.Equal("hidden", Ask("nginx.conf", "ssl_certificate_key {0};", others, "root:games", "nginx", "0660"));
        await Command.RunAsync("chown", ["root:games", others]);
        await Command.RunAsync("chmod", ["0640", others]);
        await Command.RunAsync("chmod", ["0711", Path.GetDirectoryName(others)!]);
        Assert.Equal("taken", Ask("nginx.conf", "ssl_certificate_key {0};", others, "root:games", "nginx", "0660"));
    }

    [Theory]
    [InlineData("nginx.conf", "include {0};", "ssl_certificate_key {0};", "nginx")]
    [InlineData("postgresql.conf", "include '{0}'", "ssl = on\nssl_key_file = '{0}'", "postgres")]
    public async Task A_configuration_of_roots_that_such_a_one_includes_is_not_trusted_for_it(string name, string include, string text, string program)
    {
        Require.Root();
        var (others, _, _) = await MakeAsync();
        var included = _folder.Write("root/other.conf", text.Replace("{0}", others, StringComparison.Ordinal));
        Assert.Equal("hidden", Ask(name, include, included, "nobody:nogroup", program, key: others));
        Assert.Equal("taken", Ask(name, include, included, "root:root", program, key: others));
    }

    private async Task<(string Others, string Readable, string Own)> MakeAsync()
    {
        (await Command.RunAsync("chmod", ["0755", _folder.Path])).Succeeded();
        var (others, readable, own) = (_folder.Write("root/other.key", Key), _folder.Write("open/shared.key", Key), _folder.Write("app/own.key", Key));
        (await Command.RunAsync("chmod", ["0700", _folder["root"]])).Succeeded();
        (await Command.RunAsync("chmod", ["0755", _folder["open"], _folder["app"]])).Succeeded();
        (await Command.RunAsync("chmod", ["0644", readable])).Succeeded();
        (await Command.RunAsync("chmod", ["0600", others, own])).Succeeded();
        (await Command.RunAsync("chown", ["nobody:nogroup", own])).Succeeded();
        return (others, readable, own);
    }

    private string Ask(string name, string text, string value, string owner, string program, string mode = "0644", string? key = null)
    {
        var configuration = _folder.Write($"conf/{name}", text.Replace("{0}", value, StringComparison.Ordinal));
        Run("chmod", "0755", _folder["conf"]);
        Run("chown", owner, configuration);
        Run("chmod", mode, configuration);
        var found = CertificateSearch.Run([], [(program, configuration)]).Found.Single(file => file.Path == (key ?? value));
        return found.IsDistrusted ? "hidden" : "taken";
    }

    private static void Run(string program, params string[] arguments) => Command.RunAsync(program, arguments).GetAwaiter().GetResult().Succeeded();
}
