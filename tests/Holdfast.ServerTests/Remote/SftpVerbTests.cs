using System.Diagnostics;
using System.Security.Cryptography;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>The published binary with a repository on a real sshd.</summary>
public sealed class SftpVerbTests : IAsyncLifetime
{
    private const string Secret = "correct horse";
    private readonly TempFolder _folder = new();
    private SftpServer _server = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await SftpServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_point_goes_to_a_server_and_back_and_the_stock_restic_reads_it()
    {
        var content = WriteProfile();
        (await HoldfastAsync("init", "--yes")).Succeeded();
        (await HoldfastAsync("backup")).Succeeded();
        await ResticBinary.Find().CheckAsync(_server.Data, Secret);
        File.Delete(_folder["etc/noise"]);
        (await HoldfastAsync("restore", "--yes")).Succeeded();
        Assert.Equal(content, await File.ReadAllBytesAsync(_folder["etc/noise"], Now));
        (await HoldfastAsync("repo", "check", "--read-data")).Succeeded();
    }

    [Fact]
    public async Task A_backup_keeps_to_its_limit_goes_on_when_its_connections_are_killed_and_ssh_ends_with_it()
    {
        WriteProfile(12 << 20);
        (await HoldfastAsync("init", "--yes")).Succeeded();
        var began = Stopwatch.GetTimestamp();
        using var backup = Command.Start(HoldfastBinary.Find(), ["backup", "--limit-upload", "4096"], Environs());
        var (output, errors) = (backup.StandardOutput.ReadToEndAsync(Now), backup.StandardError.ReadToEndAsync(Now));
        await Eventually.HoldsAsync("a pack is being written", () => Directory.EnumerateFiles(_server.Data, "*-tmp-*", SearchOption.AllDirectories).Any());
        Assert.NotEqual(0, await _server.KillConnectionsAsync());
        await backup.WaitForExitAsync(Now);
        Assert.True(backup.ExitCode == 0, $"{await output}{await errors}");
        Assert.True(Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(3), "12 MiB went faster than 4 MiB each second.");
        await ResticBinary.Find().CheckAsync(_server.Data, Secret);
        await Eventually.HoldsAsync("no connection is left", async () => (await _server.ConnectionsAsync()).Count == 0);
        Assert.Empty(Directory.EnumerateFiles(_server.Data, "*-tmp-*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_is_wrong_is_told_before_anything_is_done()
    {
        WriteProfile();
        File.SetUnixFileMode(_server.KnownHosts, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        FailsWith(Catalogue.PathUnsafe, await HoldfastAsync("init", "--yes"));
        File.SetUnixFileMode(_server.KnownHosts, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        FailsWith(Catalogue.RepositoryUnsupported, await HoldfastAsync("init", "--yes", "--repository", "sftp:host:~/x"));
        FailsWith(Catalogue.Usage, await HoldfastAsync("init", "--yes", "--limit-upload", "-1"));
        await File.WriteAllTextAsync(_server.KnownHosts, "", Now);
        var refused = await HoldfastAsync("init", "--yes");
        FailsWith(Catalogue.RepositoryRefused, refused);
        Assert.Contains("host key is known", refused.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_server.Data));
    }

    [Fact(Explicit = true), Trait("runs", "long")]
    public async Task A_backup_outlasts_75_seconds_without_a_network()
    {
        Require.Root();
        Require.Program("ip");
        await _server.DisposeAsync();
        var space = $"hf{Environment.ProcessId % 100000}";
        var made = await Command.BashAsync("ip netns add \"$1\"; ip -n \"$1\" link set lo up", space);
        try
        {
            Require.That(made.ExitCode == 0, $"No network namespace can be made here: {made.Errors.Trim()}");
            _server = await SftpServer.StartAsync(space: space);
            WriteProfile(40 << 20);
            string[] inside = ["netns", "exec", space, HoldfastBinary.Find()];
            (await Command.RunAsync("ip", [.. inside, "init", "--yes"], Environs())).Succeeded();
            using var backup = Command.Start("ip", [.. inside, "backup", "--limit-upload", "4096"], Environs());
            var (output, errors) = (backup.StandardOutput.ReadToEndAsync(Now), backup.StandardError.ReadToEndAsync(Now));
            await Eventually.HoldsAsync("a pack is being written", () => Directory.EnumerateFiles(_server.Data, "*-tmp-*", SearchOption.AllDirectories).Any());
            (await Command.RunAsync("ip", ["-n", space, "link", "set", "lo", "down"])).Succeeded();
            await Eventually.PassAsync(TimeSpan.FromSeconds(75), "the network is gone for longer than ssh waits");
            Assert.False(backup.HasExited, "The backup has ended without a network.");
            (await Command.RunAsync("ip", ["-n", space, "link", "set", "lo", "up"])).Succeeded();
            await backup.WaitForExitAsync(Now);
            Assert.True(backup.ExitCode == 0, $"{await output}{await errors}");
            await ResticBinary.Find().CheckAsync(_server.Data, Secret);
        }
        finally
        {
            await _server.DisposeAsync();
            await Command.RunAsync("ip", ["netns", "del", space]);
        }
    }

    private static void FailsWith(ProblemKind kind, CommandResult result)
    {
        Assert.True((int)kind.Exit == result.ExitCode, result.ToString());
        Assert.Contains(kind.Code, result.Errors, StringComparison.Ordinal);
    }

    private byte[] WriteProfile(int bytes = 3_000_000)
    {
        var content = RandomNumberGenerator.GetBytes(bytes);
        File.WriteAllBytes(_folder.Write("etc/noise", ""), content);
        _folder.Write("password", Secret);
        _folder.Write("profile.yaml", $"""
            platform: shop
            repository:
              path: {_server.Location}
              sftp: {'{'} identity: {_server.Identity}, known-hosts: {_server.KnownHosts} {'}'}
              password: {'{'} file: password {'}'}
            components:
              files:
                groups:
                  configuration: [{_folder["etc"]}]
            """);
        return content;
    }

    private Task<CommandResult> HoldfastAsync(params string[] arguments) =>
        Command.RunAsync(HoldfastBinary.Find(), arguments, Environs());

    private Dictionary<string, string?> Environs() => new(StringComparer.Ordinal)
    {
        ["HOLDFAST_PROFILE"] = _folder["profile.yaml"],
        ["HOLDFAST_STATE"] = _folder.Folder("state"),
    };
}
