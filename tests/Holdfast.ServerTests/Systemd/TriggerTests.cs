using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>What would start units again while the platform stands still: timers, sockets, paths, and units that are tied to others.</summary>
public sealed class TriggerTests
{
    [Fact]
    public async Task A_timer_that_would_start_a_unit_again_is_stopped_first_and_started_last()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            // systemd lets a unit fail that is started more than five times in ten seconds, and one that is run once when it is stopped in the middle.
            ("beat.service", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nSuccessExitStatus=SIGTERM\nExecStart=/bin/sh -c 'echo beat >> /run/beats'\n"),
            ("beat.timer", "[Timer]\nOnActiveSec=200ms\nOnUnitInactiveSec=200ms\nAccuracySec=1ms\n"),
            ("web.service", PlatformScene.Sleeper));
        await scene.RememberAsync("web.service", "beat.timer");
        await scene.WriteProfileAsync("- { name: all, units: [web.service, beat.service] }");
        await scene.StartAsync("web.service", "beat.timer");
        await scene.Box.HoldsAsync("the timer has started its service once", "[ -e /run/beats ]");

        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.AllAreAsync("inactive", "beat.timer", "beat.service", "web.service");
        var ended = await scene.InstantsAsync("InactiveEnterTimestamp", "beat.timer", "web.service");
        Assert.True(ended[0] < ended[1], $"Stopped at {string.Join(", ", ended)}.");
        var beats = await scene.Box.BashAsync("cat /run/beats");
        await Eventually.PassAsync(TimeSpan.FromSeconds(1.5), "a timer that ran would start its service seven times");
        Assert.Equal(beats, await scene.Box.BashAsync("cat /run/beats"));

        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", "beat.timer", "web.service");
        var begun = await scene.InstantsAsync("ActiveEnterTimestamp", "web.service", "beat.timer");
        Assert.True(begun[0] < begun[1], $"Started at {string.Join(", ", begun)}.");
    }

    [Fact]
    public async Task A_socket_does_not_start_its_service_again_and_listens_afterwards()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("door.service", "[Service]\nExecStart=/bin/sh -c 'exec sleep infinity'\n"),
            ("door.socket", "[Socket]\nListenStream=/run/door\n"));
        await scene.WriteProfileAsync("- { name: all, units: [door.service] }");
        await scene.StartAsync("door.socket", "door.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.AllAreAsync("inactive", "door.socket", "door.service");

        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", "door.socket", "door.service");
        Assert.Contains("/run/door", await scene.Box.BashAsync("cat /proc/net/unix"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_unit_is_stopped_with_its_service_which_did_not_run()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("import.service", PlatformScene.Sleeper),
            ("import.path", "[Path]\nPathExists=/run/inbox\n"),
            ("web.service", PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: all, units: [web.service, import.service] }");
        await scene.StartAsync("import.path", "web.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.Box.BashAsync("touch /run/inbox");
        await Eventually.PassAsync(TimeSpan.FromSeconds(0.5), "a path unit that ran would see the file");
        await scene.AllAreAsync("inactive", "import.path", "import.service", "web.service");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", "import.path", "web.service", "import.service"); // the file that came in meanwhile starts it
    }

    [Fact]
    public async Task Units_that_systemd_stops_along_are_recorded_and_started_again()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("platform.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"),
            ("part-a.service", "[Unit]\nPartOf=platform.service\n" + PlatformScene.Sleeper),
            ("part-b.service", "[Unit]\nRequires=part-a.service\nAfter=part-a.service\n" + PlatformScene.Sleeper),
            ("part-c.service", "[Unit]\nPartOf=platform.service\n" + PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: all, units: [platform.service] }");
        await scene.StartAsync("platform.service", "part-a.service", "part-b.service");
        Assert.Matches(@"\(tied\) +part-b\.service", (await scene.HoldfastAsync("platform", "status")).Succeeded().Output);
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.AllAreAsync("inactive", "platform.service", "part-a.service", "part-b.service");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", "platform.service", "part-a.service", "part-b.service");
        await scene.AllAreAsync("inactive", "part-c.service");
    }

    [Fact]
    public async Task A_target_comes_up_without_what_a_person_had_stopped_below_it()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("shop.target", "[Unit]\nWants=web.service other.service\n"),
            ("web.service", "[Unit]\nPartOf=shop.target\n" + PlatformScene.Sleeper),
            ("other.service", "[Unit]\nPartOf=shop.target\n" + PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: all, units: [shop.target] }");
        await scene.StartAsync("shop.target");
        await scene.Box.BashAsync("systemctl stop other.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.AllAreAsync("inactive", "shop.target", "web.service");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", "shop.target", "web.service");
        await scene.AllAreAsync("inactive", "other.service");
    }

    [Fact]
    public async Task A_store_that_would_be_stopped_along_keeps_the_platform_from_being_stopped()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("network.service", PlatformScene.Sleeper),
            ("store.service", "[Unit]\nRequires=network.service\n" + PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: all, units: [network.service] }\n- { name: stores, units: [store.service], store: true }");
        await scene.StartAsync("store.service");
        var failed = await scene.FailsAsync(Catalogue.UnitTied, "platform", "stop");
        Assert.Contains("would stop store.service too", failed.Errors, StringComparison.Ordinal);
        await scene.AllAreAsync("active", "network.service", "store.service");
    }

    [Fact]
    public async Task A_unit_that_something_else_starts_again_is_found_and_everything_comes_up()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("web.service", PlatformScene.Sleeper),
            ("slow.service", "[Service]\nTimeoutStopSec=3\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 1\n"),
            ("watchdog.service", "[Service]\nExecStart=/bin/bash -c 'while sleep 0.1; do systemctl start web.service; done'\n"));
        await scene.WriteProfileAsync("- { name: front, units: [web.service] }\n- { name: back, units: [slow.service] }");
        await scene.StartAsync("web.service", "slow.service", "watchdog.service");
        var failed = await scene.FailsAsync(Catalogue.UnitReturned, "platform", "stop");
        Assert.Contains("runs again: web.service active (running)", failed.Errors, StringComparison.Ordinal);
        await scene.AllAreAsync("active", "web.service", "slow.service");
    }
}
