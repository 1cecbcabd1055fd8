using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>'platform stop' and 'platform start' of units that behave, and of those that don't, under a real systemd.</summary>
public sealed class PlatformStopTests
{
    private const string Services = """
        - { name: front, units: [web.service] }
        - { name: workers, units: ["worker@*.service"], after-drain: true }
        - { name: base, units: [base.service], after-drain: true }
        - { name: stores, units: [store.service], store: true }
        """;

    private static readonly string[] Workers = ["worker@1.service", "worker@2.service", "worker@3.service"];
    private static readonly string[] InOrder = ["web.service", .. Workers, "base.service"];

    [Fact]
    public async Task The_profiles_order_is_kept_and_turned_round()
    {
        await using var scene = await BeginAsync();
        await scene.RememberAsync(InOrder);
        var stopped = (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        Assert.Contains("5 units", stopped.Output, StringComparison.Ordinal);
        await scene.AllAreAsync("inactive", InOrder);
        await scene.AllAreAsync("active", "store.service");
        var ended = await scene.InstantsAsync("InactiveEnterTimestamp", InOrder);
        Assert.True(ended[0] < ended[1..4].Min() && ended[1..4].Max() < ended[4], $"Stopped at {string.Join(", ", ended)}.");

        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", InOrder);
        var begun = await scene.InstantsAsync("ActiveEnterTimestamp", InOrder);
        Assert.True(begun[4] < begun[1..4].Min() && begun[1..4].Max() < begun[0], $"Started at {string.Join(", ", begun)}.");
        Each.Holds(begun, instant => Assert.True(instant > ended.Max()));
    }

    [Fact]
    public async Task Stores_are_stopped_only_when_asked_for_and_are_started_first()
    {
        await using var scene = await BeginAsync();
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        (await scene.HoldfastAsync("platform", "stop", "--stores")).Succeeded();
        await scene.AllAreAsync("inactive", [.. InOrder, "store.service"]);
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", [.. InOrder, "store.service"]);
        var begun = await scene.InstantsAsync("ActiveEnterTimestamp", [.. InOrder, "store.service"]);
        Assert.Equal(begun.Min(), begun[^1]);
    }

    [Fact]
    public async Task What_a_person_had_stopped_stays_stopped_even_when_others_want_it()
    {
        await using var scene = await BeginAsync();
        await scene.WriteUnitsAsync(("web.service", "[Unit]\nWants=worker@2.service base.service\n" + PlatformScene.Sleeper));
        await scene.Box.BashAsync("systemctl stop worker@2.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", "web.service", "worker@1.service", "worker@3.service", "base.service");
        await scene.AllAreAsync("inactive", "worker@2.service");
    }

    [Fact]
    public async Task A_second_stop_does_not_forget_what_the_first_one_stopped()
    {
        await using var scene = await BeginAsync();
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        Assert.Contains("Nothing of platform boxed ran", (await scene.HoldfastAsync("platform", "stop")).Succeeded().Output, StringComparison.Ordinal);
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", InOrder);
        Assert.Contains("what is enabled", (await scene.HoldfastAsync("platform", "start")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_record_what_is_enabled_is_started()
    {
        await using var scene = await BeginAsync();
        await scene.WriteUnitsAsync(
            ("web.service", PlatformScene.Sleeper + "[Install]\nWantedBy=multi-user.target\n"),
            ("worker@.service", PlatformScene.Sleeper + "[Install]\nWantedBy=multi-user.target\n"));
        await scene.Box.BashAsync("systemctl enable web.service worker@3.service; systemctl stop web.service base.service 'worker@*'");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", "web.service", "worker@3.service");
        await scene.AllAreAsync("inactive", "worker@1.service", "worker@2.service", "base.service");
    }

    [Fact]
    public async Task A_unit_that_ignores_SIGTERM_is_told_of_although_systemctl_calls_it_a_success()
    {
        await using var scene = await BeginAsync();
        await scene.WriteUnitsAsync(("web.service", "[Service]\nTimeoutStopSec=1\nExecStart=/bin/bash -c 'trap \"\" TERM; echo will not go; touch /run/deaf; while :; do sleep 1; done'\n"));
        await scene.Box.BashAsync("systemctl restart web.service");
        await scene.Box.HoldsAsync("web.service ignores SIGTERM", "[ -e /run/deaf ]");
        var stopped = (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        Assert.Contains($"[{Catalogue.UnitKilled.Code}]", stopped.Errors, StringComparison.Ordinal);
        Assert.Contains("web.service did not end within 1 s", stopped.Errors, StringComparison.Ordinal);
        Assert.Equal(["timeout"], await scene.ShowAsync("Result", "web.service"));
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", InOrder);
    }

    [Fact]
    public async Task A_unit_that_hangs_is_named_with_the_end_of_its_log_and_everything_comes_up_again()
    {
        await using var scene = await BeginAsync("stop-timeout: 2s");
        await scene.WriteUnitsAsync(("base.service", "[Service]\nTimeoutStopSec=8\nExecStart=/bin/bash -c 'trap \"\" TERM; echo writing something large; touch /run/deaf; while :; do sleep 1; done'\n"));
        await scene.Box.BashAsync("systemctl restart base.service");
        await scene.Box.HoldsAsync("base.service ignores SIGTERM", "[ -e /run/deaf ]");
        var failed = await scene.FailsAsync(Catalogue.UnitHangs, "platform", "stop");
        Assert.Contains("base.service did not stop within 2 s and is deactivating (stop-sigterm), process ", failed.Errors, StringComparison.Ordinal);
        Assert.Contains("base.service: writing something large", failed.Errors, StringComparison.Ordinal);
        await scene.AllAreAsync("active", InOrder);
    }

    [Fact]
    public async Task A_unit_that_dies_a_second_after_its_start_has_not_come_up()
    {
        await using var scene = await BeginAsync();
        await scene.WriteUnitsAsync(("web.service", "[Service]\nExecStart=/bin/bash -c 'if [ -e /run/broken ]; then sleep 1; echo no licence; exit 3; fi; exec sleep infinity'\n"));
        await scene.Box.BashAsync("systemctl restart web.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.Box.BashAsync("touch /run/broken");
        var failed = await scene.FailsAsync(Catalogue.UnitDown, "platform", "start");
        Assert.Matches(@"web\.service came up, but died within [0-9.]+ s and is failed \(failed\), its program exited with 3", failed.Errors);
        Assert.Contains("web.service: no licence", failed.Errors, StringComparison.Ordinal);
        await scene.AllAreAsync("active", [.. Workers, "base.service"]);

        await scene.Box.BashAsync("rm /run/broken");
        (await scene.HoldfastAsync("recover")).Succeeded();
        await scene.AllAreAsync("active", InOrder);
    }

    [Fact]
    public async Task What_an_earlier_start_still_owes_does_not_come_up_behind_a_stop()
    {
        await using var scene = await BeginAsync();
        await scene.WriteUnitsAsync(("web.service", "[Service]\nExecStart=/bin/bash -c '[ ! -e /run/broken ] && exec sleep infinity'\n"));
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.Box.BashAsync("touch /run/broken");
        await scene.FailsAsync(Catalogue.UnitDown, "platform", "start");
        Assert.Equal((int)ExitCode.Incomplete, (await scene.HoldfastAsync("platform", "stop")).ExitCode); // it is stopped, but before that the start that is owed has failed again
        await scene.Box.BashAsync("rm /run/broken");
        Assert.Contains("Nothing is owed", (await scene.HoldfastAsync("recover")).Succeeded().Output, StringComparison.Ordinal);
        await scene.AllAreAsync("inactive", [.. Workers, "base.service"]);
        await scene.AllAreAsync("failed", "web.service");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", InOrder);
    }

    [Fact]
    public async Task A_program_that_is_run_once_has_come_up_when_it_has_ended_well_and_systemd_remembers_nothing_of_it()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(("job.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'if [ -e /run/quick ]; then echo again > /run/quick; else sleep 60; fi'\n"));
        await scene.WriteProfileAsync("- { name: jobs, units: [job.service] }");
        await scene.Box.BashAsync("systemctl start --no-block job.service; until [ \"$(systemctl is-active job.service)\" = activating ]; do sleep 0.02; done");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.Box.BashAsync("systemctl reset-failed job.service; touch /run/quick");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        Assert.Equal("again", (await scene.Box.BashAsync("cat /run/quick")).Trim());
    }

    [Fact]
    public async Task A_unit_that_is_restarted_for_ever_has_not_come_up()
    {
        await using var scene = await BeginAsync();
        await scene.WriteUnitsAsync(("web.service", "[Service]\nRestart=always\nRestartSec=100ms\nExecStart=/bin/bash -c 'if [ -e /run/broken ]; then sleep 0.5; exit 3; fi; exec sleep infinity'\n[Unit]\nStartLimitIntervalSec=0\n"));
        await scene.Box.BashAsync("systemctl restart web.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.AllAreAsync("inactive", "web.service");
        await scene.Box.BashAsync("touch /run/broken");
        Assert.Contains("web.service came up, but died", (await scene.FailsAsync(Catalogue.UnitDown, "platform", "start")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_unit_that_is_masked_while_it_runs_keeps_the_platform_from_being_stopped()
    {
        await using var scene = await BeginAsync();
        await scene.Box.BashAsync("mv /etc/systemd/system/base.service /run/systemd/system/; systemctl mask base.service");
        await scene.FailsAsync(Catalogue.UnitMasked, "platform", "stop");
        await scene.AllAreAsync("active", InOrder);
    }

    [Fact]
    public async Task A_process_that_was_halted_is_stopped_all_the_same()
    {
        await using var scene = await BeginAsync();
        await scene.Box.BashAsync("systemctl kill -s STOP web.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.AllAreAsync("inactive", InOrder);
    }

    [Fact]
    public async Task Names_that_fit_nothing_are_told_and_the_rest_is_stopped()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(("web.service", PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: front, units: [web.service, wep.service, \"nothing-*.service\"] }");
        await scene.StartAsync("web.service");
        var stopped = (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        Assert.Contains("The group 'front' names what is not here: wep.service, nothing-*.service. [HF-UNIT-MISSING]", stopped.Errors, StringComparison.Ordinal);
        await scene.AllAreAsync("inactive", "web.service");
    }

    [Fact]
    public async Task Status_tells_machines_every_unit_and_what_a_start_would_start()
    {
        await using var scene = await BeginAsync();
        var told = await StatusAsync(scene);
        Assert.Equal([.. InOrder, "store.service"], told.Where(line => (string?)line["event"] == "unit").Select(line => (string?)line["name"]));
        Assert.Equal([true, true, true, true, true, false], told.Where(line => (string?)line["event"] == "unit").Select(line => (bool)line["stops"]!));
        Assert.Equal((6, 0), ((int)told[^1]["running"]!, (int)told[^1]["stopped"]!));
        Assert.Null(told[^1]["stopped_at"]);

        (await scene.HoldfastAsync("platform", "stop", "--json")).Succeeded();
        var after = (await StatusAsync(scene))[^1];
        var names = after["stopped_units"]!.AsArray().Select(name => (string?)name).ToList();
        Assert.Equal(("base.service", "web.service"), (names[0], names[^1]));
        Assert.Equal(Workers, names[1..4].Order());
    }

    [Fact]
    public async Task A_user_who_may_not_stop_units_is_told_so()
    {
        await using var scene = await BeginAsync();
        await scene.Box.BashAsync("chmod 644 /etc/holdfast/*");
        var refused = await scene.Box.RunAsync("runuser", "-u", "nobody", "--", "env", "HOLDFAST_STATE=/tmp/state", PlatformScene.Binary, "platform", "stop");
        Assert.Equal((int)Catalogue.SystemdRefused.Exit, refused.ExitCode);
        Assert.Contains($"[{Catalogue.SystemdRefused.Code}]", refused.Errors, StringComparison.Ordinal);
        await scene.AllAreAsync("active", InOrder);
    }

    private static async Task<List<JsonNode>> StatusAsync(PlatformScene scene) =>
        [.. (await scene.HoldfastAsync("platform", "status", "--json")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    private static async Task<PlatformScene> BeginAsync(string more = "")
    {
        var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(
            ("web.service", PlatformScene.Sleeper), ("worker@.service", PlatformScene.Sleeper), ("base.service", PlatformScene.Sleeper), ("store.service", PlatformScene.Sleeper));
        await scene.WriteProfileAsync(more.Length == 0 ? Services : Services.Replace("units: [base.service]", $"units: [base.service], {more}", StringComparison.Ordinal));
        await scene.StartAsync([.. InOrder, "store.service"]);
        return scene;
    }
}
