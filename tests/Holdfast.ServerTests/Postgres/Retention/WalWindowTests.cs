using System.Globalization;
using Holdfast.Components.Postgres.Retention;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.ServerTests.Postgres.Base;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Retention;

/// <summary>
/// After WAL was removed and the repository pruned, PostgreSQL is brought to instants of the window: each is there. The
/// window is of no length, so that it begins with the newest of points that are seconds apart.
/// </summary>
public sealed class WalWindowTests(ITestOutputHelper output)
{
    private static readonly int Restores = Sample.Count("HOLDFAST_WINDOW_RESTORES", 4, 20);
    private static readonly RetentionSettings _settings = new() { WalWindow = new CalendarSpan(0, 0, 0, 0) };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_instant_of_the_window_is_restored_after_old_WAL_is_gone_and_one_before_it_is_refused()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables);
        var (points, commits) = (new List<TakenPoint>(), new List<Commit>());
        for (var era = 0; era < 4; era++)
        {
            points.Add(await rig.CaptureAsync());
            commits.AddRange(await WriteAsync(rig, 1 + (era * 10)));
        }
        await rig.Server.StopServerAsync();

        var shown = Assert.Single(await ForgetAsync(rig));
        Assert.Equal([points[0].Point.Id.ToString()], shown.Before.Select(span => span.Point));
        Assert.Equal([points[2].Point.Id.ToString()], shown.After.Select(span => span.Point));
        Assert.Equal(shown.Before[0].To, shown.After[0].To);
        Assert.True(shown.Removed >= 4, $"Only {shown.Removed} files went.");
        Assert.Equal(0, Assert.Single(await ForgetAsync(rig)).Removed);
        await rig.Repository.PruneAsync(new PruneOptions { MaxUnused = UnusedLimit.OfBytes(0) }, Now);
        await ResticBinary.Find().CheckAsync(rig.RepositoryPath, Rig.Password);

        // Each point can be restored to its own mark, whatever went.
        foreach (var (era, point) in points.Index())
            await JudgeAsync(rig, point, RecoveryRequest.None, era * 10);
        var random = Sample.Random("wal window");
        for (var restore = 0; restore < Restores; restore++)
        {
            var era = random.Next(2, 4);
            var commit = commits[random.Next(era * 10, 39)]; // the last one has nothing behind it
            var wishes = new RecoveryRequest { Limit = RecoveryLimit.Time, To = commit.Time };
            await JudgeAsync(rig, points[era], wishes, commit.Number);
        }
        foreach (var era in new[] { 0, 1 })
        {
            // What is left of the segment of the mark leads no further than that.
            var gone = new RecoveryRequest { Limit = RecoveryLimit.Time, To = commits[(era * 10) + 9].Time };
            var refused = await rig.RefusedAsync(points[era], gone);
            Assert.Equal(Catalogue.PostgresTarget.Code, refused.Code);
            Assert.Contains("is missing), before ", refused.Message, StringComparison.Ordinal);
            Assert.Contains("The nearest is --to-lsn ", refused.Hint, StringComparison.Ordinal);
        }
        output.WriteLine($"{shown.Removed} files went, {shown.Kept} stayed; {Restores} restores; seed {Sample.Seed}.");
    }

    [Fact]
    public async Task A_timeline_that_was_left_stays_as_far_as_the_window_needs_it()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables);
        var first = await rig.CaptureAsync();
        var left = await WriteAsync(rig, 1);
        await WriteAsync(rig, 11);
        await rig.Server.StopServerAsync();
        var branch = new RecoveryRequest { Limit = RecoveryLimit.Address, To = left[4].Lsn, Delta = true };
        await rig.RestoreAsync(first, branch);
        await WriteAsync(rig, 101);
        var second = await rig.CaptureAsync();
        await WriteAsync(rig, 111);
        await rig.Server.StopServerAsync();

        // The window begins with the second point, on timeline 2: only the first one leads there, over both timelines.
        var kept = Assert.Single(await ForgetAsync(rig));
        Assert.Equal(kept.Before, kept.After);
        await JudgeAsync(rig, first, new RecoveryRequest { Limit = RecoveryLimit.Latest }, 120);
        await rig.Server.StartServerAsync();
        await WriteAsync(rig, 121);
        await rig.CaptureAsync();
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();

        // Now the second one leads there, and the first to the end of the timeline that was left.
        var shown = Assert.Single(await ForgetAsync(rig));
        await JudgeAsync(rig, second, new RecoveryRequest { Limit = RecoveryLimit.Latest }, 130);
        await JudgeAsync(rig, first, new RecoveryRequest { Limit = RecoveryLimit.Latest, Timeline = "current" }, 20);
        Assert.Equal([second.Point.Id.ToString()], shown.After.Select(span => span.Point));
    }

    /// <summary>Ten numbered commits, and the WAL of them in the archive.</summary>
    private static async Task<IReadOnlyList<Commit>> WriteAsync(BaseRig rig, int first)
    {
        var commits = await NumberedCommits.WriteAsync(rig.Server, first, first + 9);
        const string next = "SELECT pg_switch_wal(); DROP TABLE IF EXISTS more; CREATE TABLE more (n int);";
        for (var segment = 0; segment < 2; segment++) await rig.Server.ExecuteAsync("postgres", next);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        return commits;
    }

    /// <summary>Carries it out as "points forget" does; returns what it said that it would do.</summary>
    private static async Task<IReadOnlyList<WalRetentionStatus>> ForgetAsync(BaseRig rig)
    {
        await using var run = await rig.PrepareAsync(rig.Component());
        var planner = new ForgetPlanner(_settings, Timestamp.Now(TimeProvider.System), TimeZoneInfo.Utc);
        var points = new PointRemoval(run.Repository, Rig.Platform, all => planner.Plan(all, mayRemoveMost: false));
        using var wal = new WalRetention(run.Repository, Rig.Platform);
        await wal.PlanAsync(await points.PlanAsync(Now), Now);
        var shown = await wal.DescribeAsync(onlyRemovals: false, Now);
        Assert.Equal(wal.Removed, shown.Sum(cluster => cluster.Removed));
        Assert.Equal(shown.Where(cluster => cluster.Removed > 0), await wal.DescribeAsync(onlyRemovals: true, Now), Same);
        var steps = Task.FromResult(wal.Steps(points.PlanAsync));
        var outcome = await run.RunAsync("points forget", _ => steps, reads: false, Now);
        Assert.True(outcome.Succeeded, outcome.Problem?.Message);
        return shown;
    }

    private static bool Same(WalRetentionStatus one, WalRetentionStatus other) =>
        (one.Cluster, one.System, one.Removed) == (other.Cluster, other.System, other.Removed) && one.After.SequenceEqual(other.After);

    private static async Task JudgeAsync(BaseRig rig, TakenPoint point, RecoveryRequest wishes, int last)
    {
        await rig.RestoreAsync(point, wishes with { Delta = true });
        const string question = "SELECT coalesce(max(n), 0), (SELECT max(n) FROM w) FROM c";
        var found = await rig.Server.QueryAsync("postgres", question);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{last}|{last}"), found);
        await rig.Server.StopServerAsync();
    }
}
