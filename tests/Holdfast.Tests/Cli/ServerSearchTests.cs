using Holdfast.Cli.Setup;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>What setup reads of services' own files: whoever owns them must not choose which files of root's it reads.</summary>
public sealed class ServerSearchTests
{
    [Theory]
    [InlineData("printf 'port 1234' >$0/theirs/redis.conf; chown 65534 $0/theirs/redis.conf", "port: 1234")]
    [InlineData("printf 'port 1234' >$0/secret; ln -s $0/secret $0/theirs/redis.conf", "port: 6379")]
    [InlineData("mkdir $0/secrets; printf 'port 1234' >$0/secrets/redis.conf; rmdir $0/theirs; ln -s $0/secrets $0/theirs; chown -h 65534 $0/theirs", "port: 6379")]
    [InlineData("mkfifo $0/theirs/redis.conf; chown 65534 $0/theirs/redis.conf", "port: 6379")]
    [InlineData("rmdir $0/theirs; mkdir $0/ours; printf 'port 1234' >$0/redis.conf; ln -s $0/redis.conf $0/ours/redis.conf; ln -s ours $0/theirs", "port: 1234")]
    public async Task A_link_that_the_user_of_a_server_can_exchange_is_not_followed(string makes, string reached)
    {
        Require.Root();
        using var folder = new TempFolder();
        (await Command.RunAsync("sh", ["-c", $"chmod 755 $0; mkdir $0/theirs; chown 65534:65534 $0/theirs; umask 077; {makes}", folder.Path])).Succeeded();
        Assert.Contains(reached, ServerSearch.RedisConnectionOf(Redis(folder["theirs/redis.conf"])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_of_a_server_is_read_with_the_rights_of_the_user_who_can_exchange_its_configuration()
    {
        Require.Root();
        using var folder = new TempFolder();
        (await Command.RunAsync("sh", ["-c", "chmod 755 $0; mkdir $0/theirs; umask 077; echo 'requirepass \"the right one\"' >$0/theirs/redis.conf; echo 'requirepass secret' >$0/secret; chown -R 65534:65534 $0/theirs", folder.Path])).Succeeded();
        var password = ProfileReader.ReadYaml(ServerSearch.RedisConnectionOf(Redis(folder["theirs/redis.conf"]))!)!["password"];
        Assert.Contains("setpriv, \"--reuid=65534\"", ServerSearch.RedisConnectionOf(Redis(folder["theirs/redis.conf"])), StringComparison.Ordinal);
        var secrets = new SecretReader(new LocalHost(Environment.GetEnvironmentVariable), _ => null, folder.Path);
        Assert.Equal("the right one", await secrets.ReadAsync(password, TestContext.Current.CancellationToken));
        (await Command.RunAsync("sh", ["-c", "ln -sf $0/secret $0/theirs/redis.conf", folder.Path])).Succeeded();
        await Assert.ThrowsAsync<ProblemException>(() => secrets.ReadAsync(password, TestContext.Current.CancellationToken));

        // What root alone can exchange is read as root.
        (await Command.RunAsync("chown", ["0:0", folder["theirs"]])).Succeeded();
        File.Delete(folder["theirs/redis.conf"]);
        folder.Write("theirs/redis.conf", "requirepass x");
        Assert.DoesNotContain("setpriv", ServerSearch.RedisConnectionOf(Redis(folder["theirs/redis.conf"])), StringComparison.Ordinal);
    }

    private static RunningUnit Redis(string configuration) => new()
    {
        Name = "redis.service",
        File = "/usr/lib/systemd/system/redis.service",
        Command = ["/usr/bin/redis-server", configuration],
        Process = new ProcessEntry { Id = 7, Parent = 1, User = 65534, Started = 0, Program = "/usr/bin/redis-server", Arguments = ["redis-server"], ControlGroup = "/" },
    };
}
