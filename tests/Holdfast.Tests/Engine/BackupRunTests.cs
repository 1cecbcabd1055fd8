using System.Text;
using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class BackupRunTests
{
    [Fact]
    public async Task A_backup_makes_a_recovery_point_that_describes_itself()
    {
        using var rig = await PlatformRig.MakeAsync();
        var summary = await rig.BackUpAsync();
        Assert.Equal(ExitCode.Success, summary.Exit);
        var point = Assert.Single(await rig.SnapshotsAsync());
        Assert.Equal(summary.Point!.Id, point.Id);
        Assert.Equal(["holdfast", "platform=sample"], point.Tags);
        Assert.Equal(["/things/a", "/things/b"], point.Paths);
        Assert.Equal(("db1", "root"), (point.Hostname, point.Username));
        await rig.WithRepositoryAsync(async repository =>
        {
            var points = new RecoveryPoints(repository);
            var manifest = await points.ReadManifestAsync(point, CancellationToken.None);
            Assert.Equal(["things/a", "things/b"], manifest.Components.Select(component => component.Name));
            Assert.Equal(rig.Profile.Source, (await points.ReadProfileAsync(point, CancellationToken.None)).Source);
            return Assert.Single(await points.ListAsync("sample", CancellationToken.None));
        });
    }

    [Fact]
    public async Task Nothing_is_left_behind_and_the_repository_is_clean()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        rig.A.Content = "changed";
        await rig.BackUpAsync();
        Assert.Empty(rig.Locks);
        Assert.True((await rig.WithRepositoryAsync(repository => repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }))).IsClean);
        Assert.Empty(Recovery.PlatformsWithOpenRuns(rig.Environment.State));
    }

    [Fact]
    public async Task The_password_is_nowhere_in_what_is_kept()
    {
        using var rig = await PlatformRig.MakeAsync();
        rig.B.Failure = Catalogue.PostgresDump.Throwable("It broke.");
        await rig.BackUpAsync();
        Assert.NotEmpty(Directory.GetFiles(rig.StatePath, "*", SearchOption.AllDirectories));
        Assert.NotEmpty(Directory.GetFiles(rig.RepositoryPath, "*", SearchOption.AllDirectories));
        foreach (var file in Directory.GetFiles(rig.StatePath, "*", SearchOption.AllDirectories).Concat(Directory.GetFiles(rig.RepositoryPath, "*", SearchOption.AllDirectories)))
            Assert.DoesNotContain(PlatformRig.Password, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, CancellationToken.None)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_component_that_fails_means_that_there_is_no_new_point_and_nothing_is_lost()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        rig.B.Failure = Catalogue.PostgresUnreachable.Throwable("It is down.");
        var summary = await rig.BackUpAsync();
        Assert.Equal(ExitCode.Unreachable, summary.Exit);
        Assert.Null(summary.Point);
        Assert.Single(await rig.SnapshotsAsync());
        Assert.Empty(rig.Locks);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_step_has_left_open_is_closed_with_the_run_also_when_another_component_fails(bool fails)
    {
        using var rig = await PlatformRig.MakeAsync();
        var closed = new List<string>();
        (rig.A.Kept, rig.B.Kept) = (new Kept(() => closed.Add("a")), new Kept(() => closed.Add("b")));
        if (fails) rig.B.Failure = Catalogue.PostgresUnreachable.Throwable("It is down.");
        var summary = await rig.BackUpAsync();
        Assert.Equal(fails ? ExitCode.Unreachable : ExitCode.Success, summary.Exit);
        Assert.Equal(["b", "a"], closed);
    }

    [Fact]
    public async Task What_can_not_be_closed_does_not_keep_the_rest_open()
    {
        var closed = new List<string>();
        var session = new CaptureSession { Manifest = new Manifest { Platform = "a", RunId = "a", Mode = BackupMode.Online, HoldfastVersion = "0", Host = "a" } };
        session.Keep(new Kept(() => closed.Add("first")));
        session.Keep(new Kept(() => throw new IOException("It is gone.")));
        await Assert.ThrowsAsync<AggregateException>(async () => await session.DisposeAsync());
        Assert.Equal(["first"], closed);
    }

    private sealed class Kept(Action closing) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            closing();
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task A_point_that_lacks_something_is_made_and_says_so()
    {
        using var rig = await PlatformRig.MakeAsync();
        rig.A.LeavesOut = true;
        var summary = await rig.BackUpAsync();
        Assert.Equal(ExitCode.Incomplete, summary.Exit);
        Assert.False(summary.IsComplete);
        Assert.True(PointTags.IsIncomplete(Assert.Single(await rig.SnapshotsAsync())));
        var manifest = await rig.WithRepositoryAsync(repository => new RecoveryPoints(repository).ReadManifestAsync(summary.Point!, CancellationToken.None));
        Assert.Equal("HF-FILES-MISSING", Assert.Single(manifest.Warnings).Code);
    }

    [Fact]
    public async Task A_plan_changes_nothing()
    {
        using var rig = await PlatformRig.MakeAsync();
        var before = Directory.GetFiles(rig.RepositoryPath, "*", SearchOption.AllDirectories);
        var plan = await rig.Backup().PlanAsync(CancellationToken.None);
        Assert.Equal(
            ["Open the repository", "Capture a", "Capture b", "Write the manifest", "Write the recovery point", "Verify the recovery point", "Commit the recovery point", "Release the repository"],
            plan.Steps.Select(step => step.Name));
        Assert.Equal(before, Directory.GetFiles(rig.RepositoryPath, "*", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(rig.StatePath));
    }

    [Fact]
    public async Task Only_what_is_asked_for_is_captured_and_the_point_is_marked_as_partial()
    {
        using var rig = await PlatformRig.MakeAsync();
        var summary = await rig.BackUpAsync("things/b");
        Assert.Equal("things/b", Assert.Single(summary.Manifest.Components).Name);
        Assert.True(PointTags.IsPartial(Assert.Single(await rig.SnapshotsAsync())));
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => rig.BackUpAsync("thing"))).Problem;
        Assert.Equal("HF-COMPONENT-UNKNOWN", problem.Code);
        Assert.Contains("Did you mean 'things'?", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_backups_at_once_the_second_is_told_that_the_first_is_in_progress()
    {
        using var rig = await PlatformRig.MakeAsync();
        Problem? second = null;
        rig.OnEach = happened =>
        {
            if (happened is StepStarted { Step: 2 }) second = Assert.ThrowsAsync<ProblemException>(() => rig.As("sample").BackUpAsync()).GetAwaiter().GetResult().Problem;
        };
        Assert.True((await rig.BackUpAsync()).Outcome.Succeeded);
        Assert.Equal("HF-RUN-IN-PROGRESS", second!.Code);
        Assert.Contains($"process {Environment.ProcessId}", second.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_and_a_missing_repository_have_restics_exit_codes()
    {
        using var rig = await PlatformRig.MakeAsync();
        Assert.Equal(ExitCode.WrongPassword, (await rig.As("sample", "wrong").BackUpAsync()).Exit);
        Directory.Delete(rig.RepositoryPath, recursive: true);
        Assert.Equal(ExitCode.NoRepository, (await rig.BackUpAsync()).Exit);
    }

    [Fact]
    public async Task A_point_that_can_not_be_read_back_can_never_be_found()
    {
        using var rig = await PlatformRig.MakeAsync();
        var visible = 0;
        rig.OnEach = happened =>
        {
            if (happened is not StepStarted { Name: "Verify the recovery point" }) return;
            visible = Directory.GetFiles(Path.Combine(rig.RepositoryPath, "snapshots")).Length;
            foreach (var pack in Directory.GetFiles(Path.Combine(rig.RepositoryPath, "data"), "*", SearchOption.AllDirectories)) File.Delete(pack);
        };
        var summary = await rig.BackUpAsync();
        Assert.Equal("HF-POINT-UNVERIFIED", summary.Outcome.Problem!.Code);
        Assert.Equal(ExitCode.Damaged, summary.Exit);
        Assert.Null(summary.Point);
        Assert.Equal(0, visible);
        Assert.Empty(await rig.SnapshotsAsync());
    }

    [Fact]
    public async Task After_a_death_at_any_event_the_next_backup_goes_on_to_a_clean_point()
    {
        using var rig = await PlatformRig.MakeAsync();
        using var deaths = new TempFolder();
        var count = 0;
        rig.OnEach = happened =>
        {
            if (happened is StepProgress) return;
            Copy(rig.RepositoryPath, deaths[$"{++count}/repository"]);
            Copy(rig.StatePath, deaths[$"{count}/state"]);
        };
        await rig.BackUpAsync();
        rig.OnEach = null;
        foreach (var i in Sample.Of([.. Enumerable.Range(1, count)], 8, "deaths of a backup"))
        {
            Swap(rig.RepositoryPath, deaths[$"{i}/repository"]);
            Swap(rig.StatePath, deaths[$"{i}/state"]);
            var summary = await rig.BackUpAsync();
            Assert.True(summary.Outcome.Succeeded, $"after event {i}: {summary.Outcome.Problem?.Message}");
            Assert.Equal(i < count, summary.Outcome.Warnings.Any(warning => warning.Code == "HF-RUN-RECOVERED"));
            Assert.True((await rig.WithRepositoryAsync(repository => repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }))).IsClean);
            Assert.Empty(Recovery.PlatformsWithOpenRuns(rig.Environment.State));
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories)) Directory.CreateDirectory(to + folder[from.Length..]);
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories)) CopyFile(file, to + file[from.Length..]);
    }

    /// <summary>By cp: the runtime would ask for a lock, which the run holds.</summary>
    private static void CopyFile(string from, string to)
    {
        using var cp = Holdfast.Testing.Command.Start("cp", [from, to]);
        cp.WaitForExit();
        Assert.Equal(0, cp.ExitCode);
    }

    private static void Swap(string place, string with)
    {
        Directory.Delete(place, recursive: true);
        Directory.Move(with, place);
    }
}
