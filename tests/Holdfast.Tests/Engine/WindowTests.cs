using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;
using Holdfast.Engine.Backup;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

/// <summary>Where the window lies, how long it may take to open, and that the platform runs again whatever happens.</summary>
public sealed class WindowTests
{
    [Theory]
    [InlineData(BackupMode.Online, "before a, before b, mark a, mark b, after a, after b")]
    [InlineData(BackupMode.Quiesced, "before a, before b, Stop, drain a, drain b, Stop workers, mark a, mark b, Start, after a, after b")]
    [InlineData(BackupMode.Cold, "Stop, drain a, drain b, Stop workers, before a, before b, mark a, mark b, after a, after b, Start")]
    public async Task The_mode_says_when_the_platform_stands_still(BackupMode mode, string order)
    {
        using var rig = await RigAsync(mode);
        var plan = await rig.Backup().PlanAsync(CancellationToken.None);
        Assert.Equal(order, string.Join(", ", plan.Steps.Select(step => step.Name).Skip(1).SkipLast(5)));
    }

    [Fact]
    public async Task What_needs_the_stores_down_comes_last_and_nothing_goes_on_without_it()
    {
        using var rig = await RigAsync(BackupMode.Cold);
        rig.A.NeedsStoresDown = true;
        var plan = await rig.Backup().PlanAsync(CancellationToken.None);
        Assert.Equal(
            "Stop, drain a, drain b, Stop workers, before a, before b, mark a, mark b, after a, after b, Stop stores, down a, Start",
            string.Join(", ", plan.Steps.Select(step => step.Name).Skip(1).SkipLast(5)));
        var platform = (Switch)rig.Control!;
        (platform.OnlineWhenLate, platform.Deadline) = (true, TimeSpan.FromMilliseconds(50));
        platform.Stopping = stop => Task.Delay(Timeout.Infinite, stop);
        Assert.Equal(Catalogue.WindowLate.Code, (await rig.BackUpAsync()).Outcome.Problem!.Code);
        Assert.True(platform.IsOn);
    }

    [Fact]
    public async Task A_profile_with_services_is_quiesced_unless_told_otherwise_and_one_without_can_not_be()
    {
        using var rig = await RigAsync(null);
        Assert.Equal(BackupMode.Quiesced, (await rig.BackUpAsync()).Manifest.Mode);
        rig.Control = null;
        Assert.Equal(BackupMode.Online, (await rig.BackUpAsync()).Manifest.Mode);
        rig.Mode = BackupMode.Cold;
        var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.BackUpAsync());
        Assert.Equal(Catalogue.WindowUnknown.Code, refused.Problem.Code);
    }

    [Fact]
    public async Task The_marks_fall_into_the_window_and_have_no_skew()
    {
        using var rig = await RigAsync(BackupMode.Quiesced);
        var platform = (Switch)rig.Control!;
        var marked = new List<bool>();
        rig.A.OnPhase = phase => marked.Add(phase == "mark" ? !platform.IsOn : platform.IsOn);
        var summary = await rig.BackUpAsync();
        Assert.True(summary.Outcome.Succeeded);
        Assert.DoesNotContain(false, marked.Where((_, index) => index != 1)); // the second is the draining, when it is off as well
        var window = summary.Manifest.Window!;
        Assert.InRange(summary.Manifest.Mark!.Value, window.Opened, window.Closed);
        Each.Holds(summary.Manifest.Components, component => Assert.Equal(0, component.Skew));
        Assert.True(platform.IsOn);
    }

    [Fact]
    public async Task Where_no_unit_ran_no_time_is_told_that_it_was_stopped_for()
    {
        using var rig = await RigAsync(BackupMode.Quiesced);
        Assert.Contains("mode quiesced, the platform was stopped for ", Told(await rig.BackUpAsync()), StringComparison.Ordinal);
        ((Switch)rig.Control!).WasStopped = true;
        var summary = await rig.BackUpAsync();
        Assert.Null(summary.Manifest.Window);
        Assert.Contains("mode quiesced, no unit of the platform ran, so none was stopped;", Told(summary), StringComparison.Ordinal);

        static string Told(BackupSummary summary) => string.Join('\n', BackupFinishedEvent.Of(summary).Lines(Style.Plain));
    }

    [Fact]
    public async Task Without_a_window_the_skew_is_told()
    {
        using var rig = await RigAsync(BackupMode.Online);
        rig.B.OnPhase = phase => { if (phase == "mark") Eventually.PassAsync(TimeSpan.FromMilliseconds(20), "the skew").Wait(); };
        var summary = await rig.BackUpAsync();
        Assert.Null(summary.Manifest.Window);
        Assert.InRange(summary.Manifest.Components.Max(component => component.Skew)!.Value, 0.01, 60);
    }

    [Theory]
    [InlineData("drain")]
    [InlineData("mark")]
    [InlineData("after")]
    public async Task Whatever_fails_the_platform_runs_again(string phase)
    {
        using var rig = await RigAsync(BackupMode.Quiesced);
        rig.A.OnPhase = at => { if (at == phase) throw Catalogue.PostgresUnreachable.Throwable("It is down."); };
        var summary = await rig.BackUpAsync();
        Assert.Equal(Catalogue.PostgresUnreachable.Code, summary.Outcome.Problem!.Code);
        Assert.True(((Switch)rig.Control!).IsOn);
        Assert.Empty(await rig.SnapshotsAsync());
    }

    [Fact]
    public async Task A_platform_that_does_not_stand_still_in_time_is_started_again_and_the_backup_fails()
    {
        using var rig = await RigAsync(BackupMode.Quiesced);
        var platform = (Switch)rig.Control!;
        platform.Deadline = TimeSpan.FromMilliseconds(50);
        platform.Stopping = stop => Task.Delay(Timeout.Infinite, stop);
        var summary = await rig.BackUpAsync();
        Assert.Equal(Catalogue.WindowLate.Code, summary.Outcome.Problem!.Code);
        Assert.Contains("Stop workers", summary.Outcome.Problem.Message, StringComparison.Ordinal);
        Assert.True(platform.IsOn);
        Assert.Empty(await rig.SnapshotsAsync());
    }

    [Fact]
    public async Task What_a_quiesced_platform_stands_still_for_is_bound_too_and_the_platform_is_started_before_anything_is_undone()
    {
        using var rig = await RigAsync(BackupMode.Quiesced);
        var platform = (Switch)rig.Control!;
        platform.Deadline = TimeSpan.FromSeconds(2);
        var wasOn = new List<bool>();
        (rig.A.Marking, rig.A.Undone) = (stop => Task.Delay(Timeout.Infinite, stop), () => wasOn.Add(platform.IsOn)); // a server that never answers
        var summary = await rig.BackUpAsync();
        Assert.Equal(Catalogue.WindowLate.Code, summary.Outcome.Problem!.Code);
        Assert.Contains("'mark a' was not done", summary.Outcome.Problem.Message, StringComparison.Ordinal);
        Assert.Equal([true], wasOn);
        Assert.True(platform.IsOn);
        Assert.Empty(await rig.SnapshotsAsync());

        (rig.A.Marking, rig.A.Undone) = (_ => throw Catalogue.QueueUnreachable.Throwable("It is down."), () => wasOn.Add(platform.IsOn));
        Assert.Equal(Catalogue.QueueUnreachable.Code, (await rig.BackUpAsync()).Outcome.Problem!.Code);
        Assert.Equal([true, true], wasOn);
    }

    [Fact]
    public async Task Or_the_backup_goes_on_online_and_says_so_when_the_profile_wants_that()
    {
        using var rig = await RigAsync(BackupMode.Quiesced);
        var platform = (Switch)rig.Control!;
        (platform.Deadline, platform.OnlineWhenLate) = (TimeSpan.FromMilliseconds(50), true);
        platform.Stopping = stop => Task.Delay(Timeout.Infinite, stop);
        var phases = new List<(string Phase, bool IsOn)>();
        rig.A.OnPhase = phase => phases.Add((phase, platform.IsOn));
        var summary = await rig.BackUpAsync();
        Assert.True(summary.Outcome.Succeeded);
        Assert.Equal(BackupMode.Online, summary.Manifest.Mode);
        Assert.Equal([("before", true), ("drain", false), ("mark", true), ("after", true)], phases);
        Assert.Contains(summary.Outcome.Warnings, warning => warning.Code == Catalogue.WindowGivenUp.Code);
        Each.Holds(summary.Manifest.Components, component => Assert.NotNull(component.Skew));
    }

    [Fact]
    public async Task Ctrl_c_in_the_window_brings_the_platform_up()
    {
        using var rig = await RigAsync(BackupMode.Quiesced);
        var platform = (Switch)rig.Control!;
        (platform.OnlineWhenLate, platform.Stopping) = (true, stop => Task.Delay(Timeout.Infinite, stop));
        using var person = new CancellationTokenSource();
        rig.A.OnPhase = phase => { if (phase == "drain") person.Cancel(); };
        var summary = await rig.Backup().RunAsync(person.Token);
        Assert.Equal(ExitCode.Interrupted, summary.Exit);
        Assert.True(platform.IsOn);
    }

    private static async Task<PlatformRig> RigAsync(BackupMode? mode)
    {
        var rig = await PlatformRig.MakeAsync();
        (rig.Control, rig.Mode) = (new Switch(), mode);
        rig.A.OnPhase = rig.B.OnPhase = _ => { };
        return rig;
    }
}
