using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>A platform is never left stopped: the published binary is killed, and recovery brings up exactly what ran.</summary>
public sealed class RecoveryTests(ITestOutputHelper output)
{
    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 4, 50);

    /// <summary>Waits until the window is open: two minutes, for a backup at the lowest priority on a busy machine.</summary>
    private const string UntilStopped =
        "for i in $(seq 6000); do [ \"$(systemctl is-active worker@1.service)\" = inactive ] && break; [ $i -lt 6000 ] || exit 1; sleep 0.02; done";

    private static readonly string[] Units = ["web.service", "worker@1.service", "worker@2.service", "base.service"];

    [Fact]
    public async Task Killed_in_the_middle_of_a_stop_the_platform_comes_up_as_it_was()
    {
        await using var scene = await BeginAsync();
        await scene.Box.BashAsync("systemctl stop worker@2.service");
        await scene.Box.BashAsync($"""
            {PlatformScene.Binary} platform stop & pid=$!
            until [ "$(systemctl is-active worker@1.service)" = inactive ]; do sleep 0.02; done
            kill -9 $pid
            """);
        await scene.AllAreAsync("inactive", "web.service", "worker@1.service");
        Assert.Contains("1 run had been cut off", (await scene.HoldfastAsync("recover")).Succeeded().Output, StringComparison.Ordinal);
        await scene.AllAreAsync("active", "web.service", "worker@1.service", "base.service", "store.service");
        await scene.AllAreAsync("inactive", "worker@2.service");
        Assert.Contains("Nothing is owed", (await scene.HoldfastAsync("recover")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_at_any_instant_of_a_stop_or_start_the_platform_comes_up()
    {
        var (seed, random) = (Sample.Seed, Sample.Random("stops and starts to kill"));
        await using var scene = await BeginAsync();
        var killed = 0;
        for (var round = 0; round < Kills; round++)
        {
            var verb = round % 3 == 2 ? "start" : "stop";
            if (verb == "start") (await scene.HoldfastAsync("platform", "stop")).Succeeded();
            var wait = (random.NextDouble() * (verb == "stop" ? 2 : 1)).ToString("0.000", CultureInfo.InvariantCulture);
            var status = (await scene.Box.BashAsync($"{PlatformScene.Binary} platform {verb} >/dev/null 2>&1 & pid=$!; sleep {wait}; kill -9 $pid 2>/dev/null || :; wait $pid && echo 0 || echo $?")).Trim();
            killed += status == "137" ? 1 : 0;
            (await scene.HoldfastAsync("recover")).Succeeded();
            // One that had ended, or had not begun, owes nothing: then the platform is as the last one that ended has left it.
            if ((await scene.StatesAsync(Units)).Contains("inactive")) (await scene.HoldfastAsync("platform", "start")).Succeeded();
            var states = await scene.StatesAsync(Units);
            Assert.True(states.All(state => state == "active"), $"Round {round}, killed after {wait} s of {verb}, seed {seed}: {string.Join(", ", Units.Zip(states))}");
        }
        output.WriteLine($"{killed} of {Kills} were killed before their end; seed {seed}.");
        Assert.True(killed > Kills / 3, $"Only {killed} of {Kills} were still running when they were killed; seed {seed}.");
    }

    [Theory]
    [InlineData("--kill-who=main")]
    [InlineData("--kill-who=all")]
    public async Task The_unit_of_the_backup_brings_the_platform_up_by_itself(string who)
    {
        await using var scene = await BeginAsync();
        await InstallAsync(scene);
        await scene.Box.BashAsync($"""
            systemctl start --no-block holdfast-backup.service
            {UntilStopped}
            [ "$(systemctl is-active holdfast-backup.service)" = activating ]
            systemctl kill {who} -s KILL holdfast-backup.service
            for i in $(seq 2400); do systemctl is-active -q web.service && [ "$(systemctl is-active holdfast-backup.service)" = failed ] && exit; sleep 0.05; done; exit 1
            """);
        await scene.AllAreAsync("active", [.. Units, "store.service"]);
        var died = (await scene.InstantsAsync("ExecMainExitTimestamp", "holdfast-backup.service"))[0];
        var up = (await scene.InstantsAsync("ActiveEnterTimestamp", Units)).Max();
        output.WriteLine($"{who}: the last unit was up {(up - died) / 1e6:0.00} s after the backup had been killed.");
        Assert.True(up > died, $"{who}: up at {up}, died at {died}.");
        Assert.Equal(["signal"], await scene.ShowAsync("Result", "holdfast-backup.service"));
    }

    [Fact]
    public async Task Without_the_unit_of_the_backup_the_one_for_recovery_does_it()
    {
        await using var scene = await BeginAsync();
        await InstallAsync(scene);
        await scene.Box.BashAsync($"""
            {PlatformScene.Binary} backup >/dev/null 2>&1 & pid=$!
            {UntilStopped}
            systemctl start holdfast-recover.service
            status=0; {PlatformScene.Binary} recover --quiet || status=$?; [ $status = 11 ]
            if journalctl -o cat -t holdfast -u holdfast-recover.service | grep -i 'error'; then exit 1; fi
            kill -9 $pid
            systemctl start holdfast-recover.service
            """);
        await scene.AllAreAsync("active", [.. Units, "store.service"]);
        Assert.Empty((await scene.Box.BashAsync("systemd-analyze verify /etc/systemd/system/holdfast-*.{service,timer} 2>&1 | grep holdfast- || :")).Trim());
        await scene.Box.BashAsync("systemctl enable --now holdfast-backup.timer holdfast-recover.timer; systemctl enable holdfast-recover.service");
    }

    [Fact]
    public async Task Where_systemd_does_not_answer_nothing_is_taken_online_unless_the_profile_or_a_person_says_so()
    {
        await using var scene = await BeginAsync();
        await InstallAsync(scene);
        Task<CommandResult> WithoutSystemdAsync(string options = "") =>
            scene.Box.RunAsync("/usr/bin/unshare", "-m", "sh", "-c", $"mount --bind /bin/false /usr/bin/systemctl; exec {PlatformScene.Binary} backup {options}");

        var refused = await WithoutSystemdAsync();
        Assert.Contains("[HF-SYSTEMD-MISSING]", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("--mode online", refused.Errors, StringComparison.Ordinal);
        Assert.Equal((int)Catalogue.SystemdMissing.Exit, refused.ExitCode);
        (await WithoutSystemdAsync("--mode online")).Succeeded();
        await scene.Box.BashAsync("printf 'quiesce:\n  when-late: online\n' >> /etc/holdfast/profile.yaml");
        (await WithoutSystemdAsync()).Succeeded();
        var shown = (await scene.HoldfastAsync("points", "show", "latest")).Succeeded().Output;
        Assert.Contains("mode online", shown, StringComparison.Ordinal);
        Assert.Contains("HF-SYSTEMD-MISSING", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rm profile.yaml")]
    [InlineData("echo 'typo: 1' >> profile.yaml")]
    [InlineData("sed -i 's/^platform: .*/platform: another/; /^services:/,$d' profile.yaml")]
    public async Task Whatever_has_become_of_the_profile_the_platform_comes_up(string change)
    {
        await using var scene = await BeginAsync();
        await InstallAsync(scene);
        await scene.Box.BashAsync($"""
            {PlatformScene.Binary} backup >/dev/null 2>&1 & pid=$!
            {UntilStopped}
            kill -9 $pid; cd /etc/holdfast; {change}
            """);
        (await scene.HoldfastAsync("recover")).Succeeded();
        await scene.AllAreAsync("active", Units);
    }

    [Fact]
    public async Task Without_the_password_of_the_repository_the_platform_comes_up_all_the_same()
    {
        await using var scene = await BeginAsync();
        await InstallAsync(scene);
        await scene.Box.BashAsync($"""
            {PlatformScene.Binary} backup >/dev/null 2>&1 & pid=$!
            {UntilStopped}
            kill -9 $pid; mv /etc/holdfast/password /etc/holdfast/lost
            """);
        Assert.Equal((int)Catalogue.UndoFailed.Exit, (await scene.HoldfastAsync("recover")).ExitCode); // the repository's lock
        await scene.AllAreAsync("active", Units);
        await scene.Box.BashAsync("mv /etc/holdfast/lost /etc/holdfast/password");
        (await scene.HoldfastAsync("recover")).Succeeded();
    }

    [Fact]
    public async Task A_backup_stops_the_platform_for_its_mark_and_measures_that()
    {
        await using var scene = await BeginAsync();
        await InstallAsync(scene);
        var store = await scene.InstantsAsync("ActiveEnterTimestamp", "store.service");
        var before = await scene.InstantsAsync("ActiveEnterTimestamp", Units);
        var told = (await scene.HoldfastAsync("backup", "--json")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        var finished = told[^1];
        Assert.Equal(("backup_finished", "quiesced"), ((string?)finished["event"], (string?)finished["mode"]));
        Assert.InRange((double)finished["window_seconds"]!, 1, 60);
        var after = await scene.InstantsAsync("ActiveEnterTimestamp", Units);
        Each.Holds(before.Zip(after), pair => Assert.True(pair.First < pair.Second));
        Assert.Equal(store, await scene.InstantsAsync("ActiveEnterTimestamp", "store.service"));
        await scene.AllAreAsync("active", Units);

        (await scene.HoldfastAsync("backup", "--mode", "online")).Succeeded();
        Assert.Equal(after, await scene.InstantsAsync("ActiveEnterTimestamp", Units));
    }

    [Fact]
    public async Task A_platform_that_does_not_stand_still_in_time_is_started_again()
    {
        await using var scene = await BeginAsync("quiesce: { deadline: 1s }");
        await InstallAsync(scene);
        await scene.WriteUnitsAsync(("web.service", "[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 3\n"));
        await scene.FailsAsync(Catalogue.WindowLate, "backup");
        await scene.AllAreAsync("active", Units);
        await scene.WriteProfileAsync(Services, "quiesce: { deadline: 1s, when-late: online }");
        var went = (await scene.HoldfastAsync("backup")).Succeeded();
        Assert.Contains($"[{Catalogue.WindowGivenUp.Code}]", went.Errors, StringComparison.Ordinal);
        Assert.Contains("mode online", went.Output, StringComparison.Ordinal);
        await scene.AllAreAsync("active", Units);
    }

    [Fact]
    public async Task Interrupted_by_a_person_the_platform_comes_up_before_the_program_ends()
    {
        await using var scene = await BeginAsync();
        var status = await scene.Box.BashAsync($"""
            {PlatformScene.Binary} platform stop >/dev/null 2>&1 & pid=$!
            until [ "$(systemctl is-active web.service)" = inactive ]; do sleep 0.02; done
            kill -TERM $pid; wait $pid && echo 0 || echo $?
            """);
        Assert.Equal("130", status.Trim());
        await scene.AllAreAsync("active", Units);
    }

    private const string Services = """
        - { name: front, units: [web.service] }
        - { name: workers, units: ["worker@*.service"], after-drain: true }
        - { name: base, units: [base.service], after-drain: true }
        - { name: stores, units: [store.service], store: true }
        """;

    /// <summary>Units that take a moment to stop, so that something is there to be cut off.</summary>
    private static async Task<PlatformScene> BeginAsync(string rest = "")
    {
        const string Slow = "[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 0.4\n";
        var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(("web.service", Slow), ("worker@.service", Slow), ("base.service", Slow.Replace("0.4", "1", StringComparison.Ordinal)), ("store.service", PlatformScene.Sleeper));
        await scene.WriteProfileAsync(Services, rest);
        await scene.RememberAsync(Units);
        await scene.StartAsync([.. Units, "store.service"]);
        return scene;
    }

    /// <summary>The units that are shipped, and a repository.</summary>
    private static async Task InstallAsync(PlatformScene scene)
    {
        await scene.Box.BashAsync($"ln -s {PlatformScene.Binary} /usr/bin/holdfast");
        foreach (var file in Directory.GetFiles(SourceTree.PathOf("packaging/systemd"), "holdfast-*"))
            await scene.WriteUnitsAsync((Path.GetFileName(file), await File.ReadAllTextAsync(file)));
        foreach (var folder in Directory.GetDirectories(SourceTree.PathOf("packaging/systemd"), "holdfast-*.d"))
            await scene.WriteUnitsAsync(($"{Path.GetFileName(folder)}/newer-systemd.conf", await File.ReadAllTextAsync(Path.Combine(folder, "newer-systemd.conf"))));
        (await scene.HoldfastAsync("init", "--yes", "--generate-password")).Succeeded();
    }
}
