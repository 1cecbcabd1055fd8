using System.Globalization;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Recovery;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Components.Postgres.WalReceive;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>
/// A writer notes outside what it has committed, and when; restores to instants of chance must hold exactly that. HOLDFAST_RESTORES sets
/// how many, HOLDFAST_SEED which.
/// </summary>
public sealed class PointInTimeTests(ITestOutputHelper output)
{
    private static readonly int Restores = Sample.Count("HOLDFAST_RESTORES", 3, 50);

    /// <summary>A time that lies between a commit and the next; the number, an address or a name do so as well.</summary>
    private sealed record Instant(Commit Commit, string Timeline, IReadOnlyList<int> Numbers);

    [Fact]
    public async Task Every_restore_holds_what_was_committed_by_then_and_nothing_else()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables);
        await NumberedCommits.WriteAsync(rig.Server, 1, 5);
        var taken = await rig.CaptureAsync();
        var first = await NumberedCommits.WriteAsync(rig.Server, 6, 40);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await NumberedCommits.WriteAsync(rig.Server, 41, 42); // in no archive
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();
        await JudgeAsync(rig, taken, RecoveryRequest.None, [.. Enumerable.Range(1, 5)], "the mark");
        await RefusedAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Time, To = "2099-01-01 00:00:00Z" }, "The nearest is --to-latest");
        await RefusedAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Address, To = "FF/0" }, "The nearest is --to-latest");
        await RefusedAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Latest, Timeline = "77" }, "There are 1");

        // A second timeline leaves the first one in the middle, uses numbers of its transactions again, and goes on to other commits.
        var random = Sample.Random("PointInTimeTests");
        var left = first[random.Next(5, first.Count - 5)];
        await RestoreAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Address, To = left.Lsn });
        var second = await NumberedCommits.WriteAsync(rig.Server, 101, 130);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();
        var instants = Instants(first, "current", 0).Concat(Instants(second, "latest", left.Number)).ToList();
        for (var i = 0; i < Restores; i++)
        {
            var instant = instants[random.Next(instants.Count)];
            await JudgeAsync(rig, taken, Wish(i, instant), instant.Numbers, $"seed {Sample.Seed}, restore {i} to {instant.Commit} of timeline {instant.Timeline}");
        }
        output.WriteLine($"{Restores} restores to instants of chance on two timelines that part after commit {left.Number}; seed {Sample.Seed}.");
    }

    [Fact]
    public async Task Much_WAL_is_handed_to_the_server_as_it_asks_for_it_and_no_more_than_leads_to_the_target()
    {
        var binary = HoldfastBinary.Find();
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        File.Copy(binary, rig["holdfast"]);
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables);
        var taken = await rig.CaptureAsync();
        var commits = await NumberedCommits.WriteAsync(rig.Server, 1, 20);
        for (var i = 0; i < 3; i++) await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS later (n int); INSERT INTO later VALUES (1);");
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();
        rig.RestoreOptions = new BaseRestoreOptions { LargestWal = 0, Program = rig["nowhere"] };
        Assert.Contains((await RestoreAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Latest })).Notes, note => note.Contains("WAL segments were added", StringComparison.Ordinal));
        Assert.Equal("20|3", await rig.Server.QueryAsync("postgres", "SELECT count(*), (SELECT count(*) FROM later) FROM c"));
        await rig.Server.StopServerAsync();

        rig.RestoreOptions = new BaseRestoreOptions { LargestWal = 0, Program = rig["holdfast"] };
        Assert.Contains((await RestoreAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Latest })).Notes, note => note.Contains("The server fetches", StringComparison.Ordinal));
        Assert.Equal("20|3", await rig.Server.QueryAsync("postgres", "SELECT count(*), (SELECT count(*) FROM later) FROM c"));
        Assert.DoesNotContain(await File.ReadAllLinesAsync($"{rig.Server.Data}/postgresql.auto.conf", BaseRig.Cancellation), line => line.StartsWith("re", StringComparison.Ordinal) || line.StartsWith("hot_standby", StringComparison.Ordinal));
        await rig.Server.ExecuteAsync("postgres", "ALTER SYSTEM SET work_mem = '5MB';");
        await rig.Server.StopServerAsync();
        await RestoreAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Address, To = commits[9].Lsn });
        Assert.Equal("10", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM c"));
    }

    [Fact]
    public async Task What_was_received_of_the_last_segment_is_replayed_to_its_end()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables);
        var taken = await rig.CaptureAsync();
        var first = await NumberedCommits.WriteAsync(rig.Server, 1, 10);
        using var catalogue = await WalCatalogue.ReadAsync(rig.Repository, "test", "main", BaseRig.Cancellation);
        await using var store = new StreamedStore(rig.Repository, catalogue, TimeSpan.FromSeconds(5), TimeProvider.System) { Identity = catalogue.Identity };
        await ReceiveAsync();
        await NumberedCommits.WriteAsync(rig.Server, 11, 20); // lost with the server
        await rig.Server.StopServerAsync("immediate");
        await JudgeAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Time, To = first[4].Time }, [.. Enumerable.Range(1, 5)], "a time in the part");
        await JudgeAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Address, To = first[7].Lsn }, [.. Enumerable.Range(1, 8)], "an address in the part");
        await JudgeAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Latest }, [.. Enumerable.Range(1, 10)], "the end of the part");

        async Task ReceiveAsync()
        {
            var told = (await rig.Server.QueryAsync("postgres", "SELECT file_name, file_offset FROM pg_walfile_name_offset(pg_current_wal_flush_lsn())")).Split('|');
            var bytes = await File.ReadAllBytesAsync($"{rig.Server.Data}/pg_wal/{told[0]}", BaseRig.Cancellation);
            await store.StoreAsync(WalSource.Of(WalFile.Find($"{told[0]}.partial")!, bytes.AsMemory(0, int.Parse(told[1], CultureInfo.InvariantCulture))), BaseRig.Cancellation);
        }
    }

    [Fact]
    public async Task What_lies_behind_a_lost_segment_is_refused_with_what_is_nearest()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables);
        var taken = await rig.CaptureAsync();
        await CommitAndArchiveAsync(1);
        var before = await rig.Repository.ListSnapshotIdsAsync(BaseRig.Cancellation);
        await CommitAndArchiveAsync(6);
        var lost = Assert.Single((await rig.Repository.ListSnapshotIdsAsync(BaseRig.Cancellation)).Except(before));
        var behind = await CommitAndArchiveAsync(11);
        await rig.Repository.ForgetAsync(lost, BaseRig.Cancellation);
        await rig.Server.StopServerAsync();
        var refused = await RefusedAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Time, To = behind[0].Time }, "The nearest is --to-lsn ");
        Assert.Contains("is missing), before ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("the transactions up to ", refused.Hint, StringComparison.Ordinal);
        // Not even the end of all WAL: what is behind would be left out without a word.
        var nearest = (await RefusedAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Latest }, "The nearest is --to-lsn ")).Hint.Split(' ')[4].TrimEnd(',');
        await JudgeAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Address, To = nearest }, [.. Enumerable.Range(1, 5)], "up to the lost segment");

        async Task<IReadOnlyList<Commit>> CommitAndArchiveAsync(int first)
        {
            var commits = await NumberedCommits.WriteAsync(rig.Server, first, first + 4);
            await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
            await rig.ArchiveAsync();
            return commits;
        }
    }

    /// <summary>The last one has nothing behind it that would end a replay to its time.</summary>
    private static IEnumerable<Instant> Instants(IReadOnlyList<Commit> commits, string timeline, int left) =>
        commits.SkipLast(1).Select(commit => new Instant(commit, timeline, left == 0 ? [.. Enumerable.Range(1, commit.Number)] : [.. Enumerable.Range(1, left), .. Enumerable.Range(101, commit.Number - 100)]));

    private static RecoveryRequest Wish(int number, Instant instant) => (number % 4) switch
    {
        0 => new RecoveryRequest { Limit = RecoveryLimit.Time, To = instant.Commit.Time, Timeline = instant.Timeline },
        1 => new RecoveryRequest { Limit = RecoveryLimit.Transaction, To = instant.Commit.Xid, Timeline = instant.Timeline },
        2 => new RecoveryRequest { Limit = RecoveryLimit.Address, To = instant.Commit.Lsn, Timeline = instant.Timeline },
        _ => new RecoveryRequest { Limit = RecoveryLimit.Name, To = instant.Commit.Name, Timeline = instant.Timeline },
    };

    [Fact]
    public async Task Timelines_are_followed_and_a_new_one_is_never_one_that_was_used()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables);
        var taken = await rig.CaptureAsync();
        var first = await NumberedCommits.WriteAsync(rig.Server, 1, 20);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();
        await RestoreAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Address, To = first[9].Lsn });
        await NumberedCommits.WriteAsync(rig.Server, 101, 105); // on timeline 2, after the tenth commit of timeline 1
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();

        await RestoreAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Latest, Timeline = "current" });
        Assert.Equal("20|20|3", await StateAsync(rig.Server)); // timeline 1 to its end, and a third one begun: the second is taken
        await rig.Server.StopServerAsync();
        await RestoreAsync(rig, taken, new RecoveryRequest { Limit = RecoveryLimit.Latest });
        Assert.Equal("15|105|3", await StateAsync(rig.Server)); // what was begun last is followed: 1 to 10, then 101 to 105
    }

    private static async Task JudgeAsync(BaseRig rig, TakenPoint taken, RecoveryRequest wishes, IReadOnlyList<int> numbers, string what)
    {
        await RestoreAsync(rig, taken, wishes);
        var found = await rig.Server.QueryAsync("postgres", "SELECT string_agg(n::text, ',' ORDER BY n), (SELECT max(n) FROM w) FROM c");
        var expected = string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', numbers)}|{numbers[^1]}");
        Assert.True(found == expected, $"{found} instead of {expected}: {what}");
        (await rig.Server.RunAsync("pg_amcheck", ["--install-missing", "--heapallindexed", "--parent-check", "postgres"])).Succeeded();
        await rig.Server.StopServerAsync();
        (await rig.Server.AsServerAsync("pg_checksums", "-c", "-D", rig.Server.Data)).Succeeded();
    }

    private static Task<RunReport> RestoreAsync(BaseRig rig, TakenPoint taken, RecoveryRequest wishes) => rig.RestoreAsync(taken, wishes with { Delta = true });

    private static Task<string> StateAsync(PostgresServer server) => server.QueryAsync("postgres", "SELECT count(*), max(n), (SELECT timeline_id FROM pg_control_checkpoint()) FROM c");

    private static async Task<Problem> RefusedAsync(BaseRig rig, TakenPoint taken, RecoveryRequest wishes, string why)
    {
        var problem = await rig.RefusedAsync(taken, wishes);
        Assert.Equal("HF-PG-TARGET", problem.Code);
        Assert.Contains(why, problem.Hint, StringComparison.Ordinal);
        return problem;
    }
}
