using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>What `holdfast check` says of a platform's services, and of what is left beside them, under a real systemd.</summary>
public sealed class ServicesCheckTests
{
    [Fact]
    public async Task Running_failed_stray_and_stale_are_told_apart_and_all_is_well_once_it_is_stopped()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(("web.service", PlatformScene.Sleeper), ("broken.service", "[Service]\nExecStart=/bin/false\n"), ("store.service", PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: front, units: [web.service, broken.service] }\n- { name: stores, units: [store.service], store: true }", """
            quiesce:
              pid-files: ["/run/shop/*.pid"]
              processes: ["/opt/shop/*"]
            """);
        await scene.StartAsync("web.service", "store.service", "broken.service");
        await scene.Box.BashAsync("""
            until systemctl is-failed -q broken.service; do sleep 0.1; done
            mkdir -p /opt/shop /run/shop; cp /bin/sleep /opt/shop/import; setsid /opt/shop/import 1000 </dev/null >/dev/null 2>&1 & echo $! > /root/import
            sh -c 'echo $$' > /run/shop/gone.pid
            """);

        var (busy, lines) = await CheckAsync(scene);
        Assert.Equal((int)ExitCode.NotReady, busy.ExitCode);
        Assert.Equal(("warn", "1, apart from 1 that hold data: web.service"), lines["running"]);
        Assert.Equal(("fail", "broken.service (exit-code)"), lines["failed"]);
        Assert.Equal("fail", lines["stray processes"].State);
        Assert.Matches(@"^process \d+ /opt/shop/import \(fits", lines["stray processes"].Found);
        Assert.Equal("fail", lines["PID files"].State);
        Assert.Matches(@"^/run/shop/gone\.pid \(process \d+ is gone\)$", lines["PID files"].Found);

        await scene.Box.BashAsync("systemctl reset-failed; systemctl stop web.service; kill $(cat /root/import); rm /run/shop/gone.pid");
        var (quiet, passed) = await CheckAsync(scene);
        Assert.True(quiet.ExitCode == 0, $"{quiet}");
        Each.Holds(passed.Values, line => Assert.Equal("pass", line.State));
        Assert.Equal("none, apart from 1 that hold data", passed["running"].Found);
    }

    private static async Task<(CommandResult Result, Dictionary<string, (string State, string Found)> Lines)> CheckAsync(PlatformScene scene)
    {
        var result = await scene.HoldfastAsync("check", "--only", "services", "--json");
        var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Where(told => (string?)told["event"] == "check_line");
        return (result, lines.ToDictionary(told => (string)told["question"]!, told => ((string)told["state"]!, (string)told["found"]!), StringComparer.Ordinal));
    }
}
