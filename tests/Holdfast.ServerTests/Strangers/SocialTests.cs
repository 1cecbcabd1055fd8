using System.Text.Json.Nodes;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>
/// The second platform, in a box: backed up under load, destroyed, restored and compared. Its jobs are Sidekiq's, and its files lie as Debian lays them.
/// </summary>
public sealed class SocialTests(ITestOutputHelper output)
{
    private const string Social = "/platform/social", Holdfast = "/holdfast/holdfast";

    private static readonly string[] Units =
        ["nginx.service", "social-web.service", "social-streaming.socket", "social-cleanup.timer", "social-worker@default.service", "social-worker@mailers.service"];

    [Fact]
    public async Task A_second_platform_comes_back_as_it_was_backed_up_under_load()
    {
        Require.Program("redis-server");
        Require.Program("nginx");
        Require.That((await Command.RunAsync("/usr/bin/python3", ["-c", "import redis, psycopg2"])).ExitCode == 0, "/usr/bin/python3 lacks redis or psycopg2.");
        await using var box = await SystemdBox.StartAsync(HoldfastBinary.BoxOption, $"--bind-ro={SourceTree.PathOf("tests/Holdfast.Testing/social")}:/platform");
        await box.BashAsync($"""
            {Social} install
            mkdir -p /etc/holdfast; cp /platform/profile.yaml /etc/holdfast/
            cd /etc/holdfast; umask 077; echo secret > password; echo jobs > jobs-password; echo cache > cache-password
            """);
        (await box.RunAsync(Holdfast, "init", "--yes")).Succeeded();
        var before = await box.BashAsync($"{Social} finger");

        var backup = (await box.RunAsync(Holdfast, "backup", "--json")).Succeeded();
        output.WriteLine(backup.Output + backup.Errors);
        var summary = JsonNode.Parse(backup.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
        Assert.Equal("quiesced", (string?)summary["mode"]);
        Assert.DoesNotContain("HF-QUEUE-UNCOVERED", backup.Output + backup.Errors, StringComparison.Ordinal);
        Assert.True((double)summary["window_seconds"]! > 1, "A running platform is waited for: the backlog of queue:push is given up after a second.");
        await RunsAsync(box, "the backup");

        await box.BashAsync($"{Social} destroy; {Social} stores");
        var restore = (await box.RunAsync(Holdfast, "restore", "--yes", "--overwrite")).Succeeded();
        output.WriteLine(restore.Output + restore.Errors);
        Assert.Equal(before, await box.BashAsync($"{Social} finger"));
        var audit = JsonNode.Parse(await box.BashAsync($"{Social} audit"))!;
        Assert.True((long)audit["statuses"]! > 10, $"{audit}");
        Assert.Equal((0, 0, 0), ((long)audit["without_medium"]!, (long)audit["lost"]!, (long)audit["doubled"]!));

        await box.BashAsync($"systemctl daemon-reload; systemctl start {string.Join(' ', Units)}");
        await RunsAsync(box, "the restore");
        Assert.Contains("stream", await box.BashAsync("printf x | timeout 20 /usr/bin/python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"/run/social-streaming.sock\"); print(s.recv(99))'"), StringComparison.Ordinal);
    }

    private static async Task RunsAsync(SystemdBox box, string after)
    {
        var states = (await box.BashAsync($"systemctl is-active {string.Join(' ', Units)} || :")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(states.All(state => state == "active"), $"After {after}: {string.Join(", ", Units.Zip(states))}");
    }
}
