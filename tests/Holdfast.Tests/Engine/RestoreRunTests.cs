using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Restore;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class RestoreRunTests
{
    [Fact]
    public async Task The_latest_point_is_restored_by_the_profile_inside_of_it()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        rig.A.Content = "newer";
        await rig.BackUpAsync();
        var summary = await rig.RestoreAsync(rig.Request with { Target = "/t" });
        Assert.Equal(ExitCode.Success, summary.Exit);
        Assert.Equal(["/t:newer"], rig.A.Restored);
        Assert.Equal(["/t:content of b"], rig.B.Restored);
        Assert.Empty(rig.Locks);
    }

    [Fact]
    public async Task A_restore_that_waits_for_a_person_while_the_repository_is_pruned_finds_what_it_needs()
    {
        using var rig = await PlatformRig.MakeAsync();
        var old = await rig.BackUpAsync();
        rig.A.Content = "newer";
        await rig.BackUpAsync();
        await using var run = await RestoreRun.PrepareAsync(rig.Environment, rig.Request, CancellationToken.None);
        await run.PlanAsync(CancellationToken.None);
        var pruned = await rig.WithRepositoryAsync(async repository =>
        {
            await repository.ForgetAsync(old.Point!.Id, CancellationToken.None);
            return await repository.PruneAsync(new PruneOptions { MaxUnused = UnusedLimit.OfBytes(0) }, CancellationToken.None);
        });
        Assert.True(pruned.PacksRepacked > 0);
        Assert.Equal(ExitCode.Success, (await run.RunAsync(CancellationToken.None)).Exit);
        Assert.Equal([":newer"], rig.A.Restored);
    }

    [Fact]
    public async Task A_restore_of_which_no_step_put_anything_back_ends_with_that()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        rig.A.LeavesAlone = true;
        Assert.Contains("is restored to where it came from.", Told(await rig.RestoreAsync(rig.Request)), StringComparison.Ordinal);
        rig.B.LeavesAlone = true;
        var summary = await rig.RestoreAsync(rig.Request);
        Assert.Equal(ExitCode.Success, summary.Exit);
        Assert.Contains("was put back: see the warnings above.", Told(summary), StringComparison.Ordinal);
        Assert.DoesNotContain("is restored", Told(summary), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_restore_names_the_earlier_run_of_which_an_undo_is_pending()
    {
        using var rig = await PlatformRig.MakeAsync();
        (rig.Control, rig.Mode, rig.A.OnPhase, rig.B.OnPhase) = (new Switch(), BackupMode.Quiesced, _ => { }, _ => { });
        var dead = (await rig.BackUpAsync()).Outcome.RunId;
        var journal = Assert.Single(rig.Environment.State.Journals());
        var lines = File.ReadAllLines(journal).ToList();
        var last = lines.FindIndex(line => line.Contains("switch.on", StringComparison.Ordinal));
        Assert.True(last > 0);
        File.WriteAllText(journal, string.Join("", lines.Take(last + 1).Select(line => line + "\n"))); // it died with the platform stopped
        rig.Control = null;

        var summary = await rig.RestoreAsync(rig.Request with { Target = "/t" });
        Assert.Equal((ExitCode.Incomplete, true), (summary.Exit, summary.IsComplete));
        Assert.Contains("is restored below /t.", Told(summary, "/t"), StringComparison.Ordinal);
        Assert.Contains($"An undo of the earlier run 'backup {dead}' could not be done", Told(summary), StringComparison.Ordinal);
    }

    private static string Told(RestoreSummary summary, string? target = null) =>
        string.Join('\n', RestoreFinishedEvent.Of(summary, target, bytes: 0, steps: 0).Lines(Style.Plain));

    [Fact]
    public async Task An_older_point_is_found_by_the_beginning_of_its_id()
    {
        using var rig = await PlatformRig.MakeAsync();
        var old = await rig.BackUpAsync();
        rig.A.Content = "newer";
        await rig.BackUpAsync();
        await rig.RestoreAsync(rig.Request with { Point = old.Point!.Id.ToString()[..12], Only = ["things/a"] });
        Assert.Equal([":content of a"], rig.A.Restored);
        Assert.Empty(rig.B.Restored);
    }

    [Fact]
    public async Task Latest_passes_over_partial_points_unless_they_hold_what_is_asked_for()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        (rig.A.Content, rig.B.Content) = ("newer a", "newer b");
        await rig.BackUpAsync("things/a");
        await rig.RestoreAsync(rig.Request);
        Assert.Equal([":content of a"], rig.A.Restored);
        await rig.RestoreAsync(rig.Request with { Only = ["things/a"] });
        Assert.Equal(":newer a", rig.A.Restored[^1]);
        await rig.RestoreAsync(rig.Request with { Only = ["things/b"] });
        Assert.Equal(":content of b", rig.B.Restored[^1]);
    }

    [Fact]
    public async Task A_plan_changes_nothing()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        var before = Directory.GetFileSystemEntries(rig.StatePath, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(before);
        await using var run = await RestoreRun.PrepareAsync(rig.Environment, rig.Request, CancellationToken.None);
        Assert.Equal(["Lock the repository", "Restore a", "Restore b", "Release the repository"], (await run.PlanAsync(CancellationToken.None)).Steps.Select(step => step.Name));
        Assert.Empty(rig.Locks);
        Assert.Equal(before, Directory.GetFileSystemEntries(rig.StatePath, "*", SearchOption.AllDirectories));
        Assert.Empty(rig.A.Restored);
        await run.RunAsync(CancellationToken.None);
        Assert.Equal([true, false], rig.A.ForShow); // what keeps a run from beginning does not keep anybody from looking
    }

    [Theory]
    [InlineData("latest", "none", "HF-POINT-NONE")]
    [InlineData("0123456789abcdef", null, "HF-POINT-NONE")]
    [InlineData("latest", "two", "HF-POINT-AMBIGUOUS")]
    [InlineData("latest", "wrong password", "HF-REPO-PASSWORD")]
    public async Task What_can_not_be_found_is_a_problem(string point, string? state, string code)
    {
        using var rig = await PlatformRig.MakeAsync();
        if (state != "none") await rig.BackUpAsync();
        if (state == "two") await rig.As("other").BackUpAsync();
        var used = state == "wrong password" ? rig.As("sample", "wrong") : rig;
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => used.RestoreAsync(used.Request with { Point = point }))).Problem;
        Assert.Equal(code, problem.Code);
    }

    [Fact]
    public async Task A_part_of_the_point_that_the_profile_does_not_describe_is_not_passed_over_in_silence()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(rig.Request with { Compose = _ => [rig.A] }))).Problem;
        Assert.Equal("HF-COMPONENT-UNKNOWN", problem.Code);
        Assert.Contains("things/b", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_point_of_another_platform_is_restored_only_below_a_target()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        var other = (await rig.As("other").BackUpAsync()).Point!.Id.ToString();
        var request = rig.Request with { Point = other, Profile = rig.Profile };
        var refused = (await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(request))).Problem;
        Assert.Equal(("HF-POINT-PLATFORM", ExitCode.Usage), (refused.Code, refused.Exit));
        Assert.Contains("'other'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'sample'", refused.Message, StringComparison.Ordinal);
        Assert.Empty(rig.A.Restored);
        Assert.Equal(ExitCode.Success, (await rig.RestoreAsync(request with { Target = "/t" })).Exit);
        Assert.Equal(ExitCode.Success, (await rig.RestoreAsync(request with { Profile = null })).Exit);
    }

    [Fact]
    public async Task An_incomplete_point_is_restored_with_a_warning_that_names_what_is_missing_and_the_newest_complete_one()
    {
        using var rig = await PlatformRig.MakeAsync();
        var complete = (await rig.BackUpAsync()).Point!;
        rig.B.LeavesOut = true;
        var incomplete = (await rig.BackUpAsync()).Point!;
        rig.Events.Clear();
        var summary = await rig.RestoreAsync(rig.Request);
        Assert.Equal((incomplete.Id, ExitCode.Incomplete, false), (summary.Point.Id, summary.Exit, summary.IsComplete));
        var warning = Assert.Single(summary.Outcome.Warnings);
        Assert.Equal("HF-POINT-INCOMPLETE", warning.Code);
        Assert.Contains("things/b", warning.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("things/a", warning.Message, StringComparison.Ordinal);
        Assert.Contains($"holdfast restore {complete.Id.ToShortString()}", warning.Hint, StringComparison.Ordinal);
        Assert.Equal(["A part of b is not there."], warning.Details);
        Assert.Same(warning, ((Warned)rig.Events[0]).Problem); // before anything is planned, so that a person who is asked knows it

        Assert.Empty((await rig.RestoreAsync(rig.Request with { Only = ["things/a"] })).Outcome.Warnings);
        Assert.Equal(ExitCode.Success, (await rig.RestoreAsync(rig.Request with { Point = complete.Id.ToString() })).Exit);
    }

    [Fact]
    public async Task A_damaged_snapshot_is_named_once_and_the_other_points_are_used()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        rig.A.Content = "newer";
        var victim = Path.Combine(rig.RepositoryPath, "snapshots", (await rig.BackUpAsync()).Point!.Id.ToString());
        Damaged.Truncate(victim, 100);
        var summary = await rig.RestoreAsync(rig.Request);
        Assert.Equal(ExitCode.Success, summary.Exit);
        Assert.Equal([":content of a"], rig.A.Restored);
        var warning = Assert.Single(summary.Outcome.Warnings);
        Assert.Equal("HF-REPO-DAMAGED", warning.Code);
        Assert.Contains(Path.GetFileName(victim), warning.Message, StringComparison.Ordinal);

        var backup = await rig.BackUpAsync();
        Assert.Equal(ExitCode.Success, backup.Exit);
        Assert.Single(backup.Outcome.Warnings, problem => problem.Code == "HF-REPO-DAMAGED");

        // What removes must not decide without it, and a check calls it an error.
        Assert.Equal(ResticError.Damaged, (await Assert.ThrowsAsync<ResticException>(rig.SnapshotsAsync)).Error);
        var check = await rig.WithRepositoryAsync(repository => repository.CheckAsync(new CheckOptions()));
        Assert.Contains(check.Damages, damage => damage.File.EndsWith(Path.GetFileName(victim), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_restore_after_a_dead_run_takes_back_what_that_one_owed_and_goes_on()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        var journal = Assert.Single(Directory.GetFiles(rig.StatePath, "*.jsonl", SearchOption.AllDirectories));
        var lines = await File.ReadAllLinesAsync(journal, CancellationToken.None);
        await File.WriteAllLinesAsync(journal, lines[..^4], CancellationToken.None); // died before the lock was let go of
        var summary = await rig.RestoreAsync(rig.Request);
        Assert.True(summary.Outcome.Succeeded, summary.Outcome.Problem?.Message);
        Assert.Contains("1 of what it owed has been undone", Assert.Single(summary.Outcome.Warnings).Message, StringComparison.Ordinal);
    }
}
