using System.Globalization;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>A writer notes outside what it has committed, and when; restores to instants of chance must hold exactly that.</summary>
public sealed class PointInTimeTests
{
    private const int Seed = 20261123;

    /// <summary>What was so right after a commit.</summary>
    private sealed record Commit(int Number, string Time, string Xid, string Lsn, string? Name);

    [Fact]
    public async Task Every_restore_holds_what_was_committed_by_then_and_nothing_else()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE c (n int PRIMARY KEY, pad text);");
        var before = await CommitAsync(rig.Server, 1, 5);
        var taken = await rig.CaptureAsync();
        var commits = await CommitAsync(rig.Server, 6, 40);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await CommitAsync(rig.Server, 41, 42); // in no archive
        await ArchiveAsync(rig);
        await rig.Server.StopServerAsync();
        var random = new Random(Seed);
        for (var i = 0; i < 5; i++)
        {
            var commit = commits[random.Next(commits.Count - 1)];
            await JudgeAsync(rig, taken, i switch
            {
                0 => new RecoveryWishes { Limit = RecoveryLimit.Time, To = commit.Time },
                1 => new RecoveryWishes { Limit = RecoveryLimit.Transaction, To = commit.Xid },
                2 => new RecoveryWishes { Limit = RecoveryLimit.Address, To = commit.Lsn },
                3 => new RecoveryWishes { Limit = RecoveryLimit.Name, To = (commit = commits.First(one => one.Name is not null)).Name },
                _ => new RecoveryWishes { Limit = RecoveryLimit.Latest },
            }, i == 4 ? 40 : commit.Number, $"seed {Seed}, restore {i}, {commit}");
        }
        await JudgeAsync(rig, taken, RecoveryWishes.None, before[^1].Number, "the mark");
        await RefusedAsync(rig, taken, new RecoveryWishes { Limit = RecoveryLimit.Time, To = "2099-01-01 00:00:00Z" }, "The nearest is --to-latest");
        await RefusedAsync(rig, taken, new RecoveryWishes { Limit = RecoveryLimit.Address, To = "FF/0" }, "The nearest is --to-latest");
        await RefusedAsync(rig, taken, new RecoveryWishes { Limit = RecoveryLimit.Latest, Timeline = "77" }, "There are 1");
    }

    [Fact]
    public async Task Timelines_are_followed_and_a_new_one_is_never_one_that_was_used()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE c (n int PRIMARY KEY, pad text);");
        var taken = await rig.CaptureAsync();
        var first = await CommitAsync(rig.Server, 1, 20);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await ArchiveAsync(rig);
        await rig.Server.StopServerAsync();
        await RestoreAsync(rig, taken, new RecoveryWishes { Limit = RecoveryLimit.Address, To = first[9].Lsn });
        await CommitAsync(rig.Server, 101, 105); // on timeline 2, after the tenth commit of timeline 1
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await ArchiveAsync(rig);
        await rig.Server.StopServerAsync();

        await RestoreAsync(rig, taken, new RecoveryWishes { Limit = RecoveryLimit.Latest, Timeline = "current" });
        Assert.Equal("20|20|3", await StateAsync(rig.Server)); // timeline 1 to its end, and a third one begun: the second is taken
        await rig.Server.StopServerAsync();
        await RestoreAsync(rig, taken, new RecoveryWishes { Limit = RecoveryLimit.Latest });
        Assert.Equal("15|105|3", await StateAsync(rig.Server)); // what was begun last is followed: 1 to 10, then 101 to 105
    }

    private static async Task<List<Commit>> CommitAsync(PostgresServer server, int first, int last)
    {
        var commits = new List<Commit>();
        for (var n = first; n <= last; n++)
        {
            var name = n % 10 == 7 ? $"after-{n}" : null;
            var xid = await server.QueryAsync("postgres", $"INSERT INTO c VALUES ({n}, repeat('x', 3000)) RETURNING pg_current_xact_id()");
            // The time of the commit is a little before this, and the next commit a little after it.
            var told = (await server.QueryAsync("postgres", "SELECT clock_timestamp(), pg_current_wal_insert_lsn()")).Split('|');
            if (name is not null) await server.QueryAsync("postgres", $"SELECT pg_create_restore_point('{name}')");
            commits.Add(new Commit(n, told[0], xid, told[1], name));
        }
        return commits;
    }

    /// <summary>Puts into the repository what an archiving server would have handed over: whole segments, and histories.</summary>
    private static async Task ArchiveAsync(BaseRig rig)
    {
        using var catalogue = await WalCatalogue.ReadAsync(rig.Repository, "test", "main", BaseRig.Cancellation);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_create_restore_point('archived');"); // at a segment's very end it counts as the current one still
        var current = await rig.Server.QueryAsync("postgres", "SELECT pg_walfile_name(pg_current_wal_insert_lsn())");
        var files = Directory.GetFiles(Path.Join(rig.Server.Data, "pg_wal")).Select(path => (Path: path, File: WalFile.Find(Path.GetFileName(path))))
            .Where(found => found.File is { Kind: WalFileKind.History } || (found.File is { Kind: WalFileKind.Segment } && string.CompareOrdinal(found.File.Name, current) < 0 && !catalogue.Has(found.File.Name)));
        var problems = await new WalArchive(rig.Repository, catalogue).StoreAsync([.. files.Select(found => WalSource.Of(found.File!, found.Path))], BaseRig.Cancellation);
        Assert.Empty(problems);
    }

    private static async Task JudgeAsync(BaseRig rig, TakenPoint taken, RecoveryWishes wishes, int last, string what)
    {
        await RestoreAsync(rig, taken, wishes);
        var found = await rig.Server.QueryAsync("postgres", "SELECT count(*), max(n) FROM c");
        Assert.True(found == string.Create(CultureInfo.InvariantCulture, $"{last}|{last}"), $"{found} instead of {last}: {what}");
        await rig.Server.StopServerAsync();
    }

    private static Task RestoreAsync(BaseRig rig, TakenPoint taken, RecoveryWishes wishes) => rig.RestoreAsync(taken, wishes with { Delta = true });

    private static Task<string> StateAsync(PostgresServer server) => server.QueryAsync("postgres", "SELECT count(*), max(n), (SELECT timeline_id FROM pg_control_checkpoint()) FROM c");

    private static async Task RefusedAsync(BaseRig rig, TakenPoint taken, RecoveryWishes wishes, string why)
    {
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => rig.PlanRestoreAsync(taken, wishes))).Problem;
        Assert.Equal("HF-PG-TARGET", problem.Code);
        Assert.Contains(why, problem.Hint, StringComparison.Ordinal);
    }
}
