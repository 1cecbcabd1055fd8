using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>What is left of a platform beside its units: stray processes and PID files.</summary>
public sealed class LeftOverTests
{
    private const string Quiesce = """
        quiesce:
          pid-files: ["/run/shop/*.pid"]
          processes: ["/opt/shop/*"]
        """;

    [Fact]
    public async Task Stale_PID_files_are_moved_aside_and_others_stay()
    {
        await using var scene = await BeginAsync(Quiesce);
        await scene.Box.BashAsync("""
            mkdir -p /run/shop; cd /run/shop
            sh -c 'echo $$' > gone.pid
            : > empty.pid
            systemctl show --value -p MainPID store.service > store.pid
            echo 1 > other.pid; touch -d '1 hour' other.pid
            echo text > note.txt
            """);
        var status = (await scene.HoldfastAsync("platform", "status")).Succeeded().Output;
        Assert.Matches(@"(?m)^stale PID file /run/shop/empty\.pid: it holds no number$", status);
        var stopped = (await scene.HoldfastAsync("platform", "stop")).Succeeded().Output;
        Assert.Matches(@"/run/shop/gone\.pid was moved aside, to /run/shop/gone\.pid\.stale-\S+: process \d+ is gone\.", stopped);
        Assert.Matches(@"/run/shop/other\.pid was moved aside, .* process 1 is another program", stopped);
        Assert.Equal("note.txt store.pid", (await scene.Box.BashAsync("cd /run/shop; ls | grep -v stale | xargs")).Trim());
        Assert.Equal("3", (await scene.Box.BashAsync("ls /run/shop | grep -c stale")).Trim());
    }

    [Fact]
    public async Task A_stray_process_is_named_and_the_platform_comes_up_again()
    {
        await using var scene = await BeginAsync(Quiesce);
        await scene.Box.BashAsync("mkdir -p /opt/shop; cp /bin/sleep /opt/shop/import; setsid /opt/shop/import 1000 </dev/null >/dev/null 2>&1 &");
        Assert.Contains("/opt/shop/import 1000 (fits 'processes' of the profile)", (await scene.HoldfastAsync("platform", "status")).Succeeded().Output, StringComparison.Ordinal);
        var failed = await scene.FailsAsync(Catalogue.ProcessesLeft, "platform", "stop");
        Assert.Matches(@"A process of the platform still runs: \d+ /opt/shop/import 1000", failed.Errors);
        await scene.AllAreAsync("active", "web.service", "store.service");
    }

    [Fact]
    public async Task Strays_are_ended_when_that_is_wanted_halted_and_stubborn_ones_too()
    {
        await using var scene = await BeginAsync(Quiesce);
        await scene.Box.BashAsync("""
            mkdir -p /opt/shop; cp /bin/sleep /opt/shop/import
            printf '#!/bin/bash\ntrap "" TERM\ntouch /run/stubborn\nwhile :; do sleep 1; done\n' > /opt/shop/stubborn; chmod +x /opt/shop/stubborn
            setsid /opt/shop/import 1000 </dev/null >/dev/null 2>&1 & import=$!
            setsid bash /opt/shop/stubborn </dev/null >/dev/null 2>&1 &
            setsid tail -f /opt/shop/stubborn </dev/null >/dev/null 2>&1 &
            until grep -qx import /proc/$import/comm && [ -e /run/stubborn ] && pgrep -x tail; do sleep 0.02; done
            kill -STOP $import
            """);
        var stopped = (await scene.HoldfastAsync("platform", "stop", "--kill-strays")).Succeeded().Output;
        Assert.Matches(@"/opt/shop/import 1000 \(.*\) was ended", stopped);
        Assert.Matches(@"/opt/shop/stubborn \(.*\) was killed: it did not end when it was asked to", stopped);
        Assert.Equal("tail", (await scene.Box.BashAsync("ps -eo comm,args | awk '/[o]pt.shop/ {print $1}'")).Trim());
    }

    [Fact]
    public async Task No_other_user_of_the_machine_keeps_the_platform_from_being_stopped()
    {
        await using var scene = await BeginAsync(Quiesce);
        await scene.WriteUnitsAsync(("web.service", PlatformScene.Sleeper + "User=daemon\n"));
        const string As = "setsid setpriv --clear-groups --reuid";
        await scene.Box.BashAsync($"""
            systemctl restart web.service
            mkdir -p /opt/shop; cp /bin/sleep /opt/shop/import; cp /bin/sleep /usr/local/bin/lent; chmod 4755 /usr/local/bin/lent
            {As} nobody bash -c 'exec -a /opt/shop/forged sleep 1000' </dev/null >/dev/null 2>&1 &
            {As} nobody bash -c 'exec -a /opt/shop/lent lent 1000' </dev/null >/dev/null 2>&1 &
            {As} nobody /opt/shop/import 1000 </dev/null >/dev/null 2>&1 &
            until [ "$(pgrep -c '^(sleep|lent|import)$')" = 5 ]; do sleep 0.02; done
            [ "$(ps -o user= -C lent)" = root ]
            """);
        var status = (await scene.HoldfastAsync("platform", "status")).Succeeded().Output;
        foreach (var name in new[] { "forged", "lent", "import" })
            Assert.Matches($@"/opt/shop/{name} 1000 \(fits 'processes' of the profile, but who started it runs no unit of the platform\)", status);
        var stopped = (await scene.HoldfastAsync("platform", "stop", "--kill-strays")).Succeeded().Output;
        Assert.Matches(@"Left alone: (\d+ /opt/shop/\w+ 1000 \(.*?\)(; )?){3}\.", stopped);
        Assert.Equal("3", (await scene.Box.BashAsync("pgrep -fc '^/opt/shop/'")).Trim());
        (await scene.HoldfastAsync("platform", "start")).Succeeded();

        await scene.Box.BashAsync($"{As} daemon bash -c 'exec -a /opt/shop/own sleep 1000' </dev/null >/dev/null 2>&1 & until pgrep -f '^/opt/shop/own'; do sleep 0.02; done");
        Assert.Matches(@"A process of the platform still runs: \d+ /opt/shop/own 1000", (await scene.FailsAsync(Catalogue.ProcessesLeft, "platform", "stop")).Errors);
        await scene.AllAreAsync("active", "web.service", "store.service");
    }

    [Fact]
    public async Task A_process_that_a_stopped_unit_has_left_is_found_without_any_pattern()
    {
        await using var scene = await BeginAsync("");
        await scene.WriteUnitsAsync(("web.service", "[Service]\nKillMode=process\nExecStart=/bin/bash -c 'sleep 1234 & exec sleep infinity'\n"));
        await scene.Box.BashAsync("systemctl restart web.service");
        await scene.Box.HoldsAsync("the process that will be left runs", "pgrep -fx 'sleep 1234'");
        var failed = await scene.FailsAsync(Catalogue.ProcessesLeft, "platform", "stop");
        Assert.Contains("sleep 1234 (left by web.service)", failed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Holdfast_and_those_that_have_started_it_are_not_strays()
    {
        await using var scene = await BeginAsync("quiesce: { processes: [\"*holdfast*\", \"*platform*\"], kill-strays: true }");
        var output = await scene.Box.BashAsync("bash -c '/holdfast/holdfast platform stop; echo platform ended with $?'");
        Assert.Contains("ended with 0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Holdfast_does_not_stop_the_unit_that_it_runs_in()
    {
        await using var scene = await BeginAsync("");
        await scene.WriteUnitsAsync(("web.service", $"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/bash -c '{PlatformScene.Binary} platform stop 2>/run/errors; echo $? > /run/status'\n"));
        await scene.Box.BashAsync("systemctl restart web.service");
        Assert.Equal("1", (await scene.Box.BashAsync("cat /run/status")).Trim());
        Assert.Contains($"[{Catalogue.UnitSelf.Code}]", await scene.Box.BashAsync("cat /run/errors"), StringComparison.Ordinal);
        await scene.AllAreAsync("active", "web.service", "store.service");
    }

    private static async Task<PlatformScene> BeginAsync(string quiesce)
    {
        var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(("web.service", PlatformScene.Sleeper), ("store.service", PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: front, units: [web.service] }\n- { name: stores, units: [store.service], store: true }", quiesce);
        await scene.StartAsync("web.service", "store.service");
        return scene;
    }
}
