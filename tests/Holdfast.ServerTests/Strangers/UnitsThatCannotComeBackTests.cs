using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Systemd;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Units that a listing hides, that cannot be started again, or that a timer has just started: from public reports of other programs.</summary>
public sealed class UnitsThatCannotComeBackTests
{
    [Fact]
    public async Task Units_that_could_not_be_started_again_are_refused_by_name_and_nothing_is_stopped()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("shop-web.service", PlatformScene.Sleeper), ("shop-gone.service", PlatformScene.Sleeper), ("shop-removed.service", PlatformScene.Sleeper),
            ("shop-closed.service", "[Unit]\nRefuseManualStart=yes\n" + PlatformScene.Sleeper), ("shop-open.service", "[Unit]\nRefuseManualStop=yes\n" + PlatformScene.Sleeper),
            ("shop.target", "[Unit]\nRequires=shop-closed.service\n"), ("nginx.service", PlatformScene.Sleeper + "[Install]\nAlias=site-web.service\n"));
        await scene.StartAsync("shop-web.service", "shop-gone.service", "shop-removed.service", "shop-open.service", "shop.target");
        await scene.Box.BashAsync("systemd-run -q --unit=shop-made sleep infinity; rm /etc/systemd/system/shop-gone.service; systemctl daemon-reload; rm /etc/systemd/system/shop-removed.service");

        foreach (var (units, named) in new[]
        {
            ("shop-gone.service", "shop-gone.service"), ("\"shop-gon*.service\"", "shop-gone.service"), ("shop-removed.service", "shop-removed.service"), ("\"shop-mad*\"", "shop-made.service"),
            ("shop-closed.service", "shop-closed.service"), ("shop-open.service", "shop-open.service"),
        })
        {
            await scene.WriteProfileAsync($"- {{ name: front, units: [shop-web.service] }}\n- {{ name: odd, units: [{units}] }}");
            Assert.Contains(named, (await scene.FailsAsync(Catalogue.UnitUnstartable, "platform", "stop")).Errors, StringComparison.Ordinal);
            var check = await scene.HoldfastAsync("check", "--only", "services");
            Assert.True(check.ExitCode == (int)ExitCode.NotReady && check.Output.Contains(named, StringComparison.Ordinal), $"{check}");
            await scene.AllAreAsync("active", "shop-web.service", named);
        }

        // A pattern that fits the alias of a unit finds the unit.
        await scene.Box.BashAsync("systemctl enable -q nginx.service; systemctl start nginx.service");
        await scene.WriteProfileAsync("- { name: front, units: [\"site-*.service\"] }");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.AllAreAsync("inactive", "nginx.service");

        // What systemd does not know yet is read before the start, and what can never be done is dropped when a person says so.
        await scene.Box.BashAsync("printf '[Service]\\nEnvironment=NEW=1\\nExecStart=/bin/sh -c \"echo $NEW > /run/new; exec sleep infinity\"\\n' > /etc/systemd/system/nginx.service");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        Assert.Equal("1", (await scene.Box.BashAsync("cat /run/new")).Trim());
        await scene.Box.BashAsync("""
            mkdir -p /var/lib/holdfast/runs
            printf '%s\n' '{"event":"run-started","run":"r1","verb":"backup","platform":"boxed","host":"h","process":1,"processStarted":"2020-01-01T00:00:00Z","version":"0","plan":[],"time":"2020-01-01T00:00:00Z"}' \
              '{"event":"owed","step":1,"owed":1,"undo":{"kind":"services.start","does":"Start lost.service.","arguments":{"units":"lost.service","stay":""}},"time":"2020-01-01T00:00:01Z"}' > /var/lib/holdfast/runs/r1.jsonl
            """);
        Assert.NotEqual(0, (await scene.HoldfastAsync("recover")).ExitCode);
        var unasked = await scene.FailsAsync(Catalogue.Unconfirmed, "recover", "--forget");
        Assert.Contains("Start lost.service.", unasked.Output, StringComparison.Ordinal);
        Assert.Contains("1 undo of platform boxed dropped", (await scene.HoldfastAsync("recover", "--forget", "--yes")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("Nothing is owed", (await scene.HoldfastAsync("recover")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_a_timer_has_started_is_waited_for_and_not_done_twice()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("cleanup.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo begun >> /run/jobs; until [ -e /run/go ]; do sleep 0.05; done; echo done >> /run/jobs'\n"),
            ("cleanup.timer", "[Timer]\nOnActiveSec=0\nAccuracySec=1ms\n"),
            ("import.service", PlatformScene.Sleeper), ("import.path", "[Path]\nPathExists=/etc/hostname\n"));
        await scene.WriteProfileAsync("- { name: all, units: [cleanup.timer, import.path] }");
        await scene.StartAsync("cleanup.timer", "import.path");
        await scene.Box.HoldsAsync("the timer and the path have started their services", "[ -e /run/jobs ] && systemctl is-active -q import.service");
        Assert.Matches(@"\(tied\) +cleanup\.service", (await scene.HoldfastAsync("platform", "status")).Succeeded().Output);

        await scene.Box.BashAsync($$"""
            {{PlatformScene.Binary}} platform stop > /run/stop 2>&1 & pid=$!
            until [ "$(systemctl is-active cleanup.timer)" = inactive ]; do sleep 0.05; done
            touch /run/go; wait $pid
            """);
        await scene.AllAreAsync("inactive", "cleanup.timer", "cleanup.service", "import.path", "import.service");
        Assert.Equal("begun done", (await scene.Box.BashAsync("xargs < /run/jobs")).Trim());
        var record = await scene.Box.BashAsync("cat /var/lib/holdfast/stopped/boxed.json");
        Assert.DoesNotContain("cleanup.service", record, StringComparison.Ordinal);
        Assert.Contains("import.service", record, StringComparison.Ordinal);
    }
}
