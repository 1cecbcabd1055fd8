using System.Globalization;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>
/// Transactions and restore points, of which only the WAL tells where they are: the plan has found them, or refuses. Version 12 replays all
/// there is when they are nowhere and says that it has arrived; later ones fail after hours of copying.
/// </summary>
public sealed class SoughtTargetTests
{
    [Fact]
    public async Task What_the_WAL_does_not_have_is_refused_by_the_plan_and_what_it_has_is_reached()
    {
        foreach (var bin in (string?[])[null, .. PostgresServer.OtherMajors]) await TryAsync(bin);
    }

    private static async Task TryAsync(string? bin)
    {
        // No checkpoint comes that removes WAL before it is archived.
        string[] settings = ["max_prepared_transactions=2", "max_wal_size=1GB", "checkpoint_timeout=1h"];
        await using var rig = await BaseRig.StartOnAsync(bin, settings);
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t (n int); CREATE TABLE dropped (n int PRIMARY KEY); SELECT pg_create_restore_point('early');");
        var early = await InsertAsync(rig, "INSERT INTO t VALUES (0) RETURNING txid_current()");
        var taken = await rig.CaptureAsync();
        var first = await InsertAsync(rig, "INSERT INTO t VALUES (1) RETURNING txid_current()");
        var open = await InsertAsync(rig, "BEGIN; INSERT INTO t VALUES (2) RETURNING txid_current(); PREPARE TRANSACTION 'open'");
        // All that stands before the number of a prepared transaction: subtransactions, files, statistics, and caches to empty.
        var prepared = await InsertAsync(rig, "BEGIN; SELECT txid_current(); SAVEPOINT a; INSERT INTO t VALUES (3); SAVEPOINT b; DROP TABLE dropped; PREPARE TRANSACTION 'prepared'");
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_create_restore_point('there'); SELECT pg_switch_wal();");
        await rig.Server.ExecuteAsync("postgres", "COMMIT PREPARED 'prepared';");
        var later = await InsertAsync(rig, "INSERT INTO t VALUES (4) RETURNING txid_current()");
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();

        var unknown = await RefusedAsync(rig, taken, RecoveryLimit.Name, "nowhere", "The restore points in it are ");
        Assert.Contains("there (", unknown.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("early (", unknown.Hint, StringComparison.Ordinal); // it lies before the copy
        Assert.Contains("The nearest is --to-latest", unknown.Hint, StringComparison.Ordinal);
        await RefusedAsync(rig, taken, RecoveryLimit.Name, "early", "there (");
        await RefusedAsync(rig, taken, RecoveryLimit.Transaction, $"{open}", $"The next one below that ended in it is {first} (");
        await RefusedAsync(rig, taken, RecoveryLimit.Transaction, $"{early}", $"It has higher ones only, the first is {first} (");
        await RefusedAsync(rig, taken, RecoveryLimit.Transaction, $"{later + 100}", $"It has lower ones only, the last is {later} (");

        await ReachedAsync(rig, taken, RecoveryLimit.Name, "there", "to the restore point there, made 20", "0,1");
        await ReachedAsync(rig, taken, RecoveryLimit.Transaction, $"{first}", $"to transaction {first}, committed 20", "0,1");
        await ReachedAsync(rig, taken, RecoveryLimit.Transaction, $"{prepared}", $"to transaction {prepared}, committed 20", "0,1,3");
        // Zeroes in front would make it octal for the server, and the upper half of a number counts for nothing.
        await ReachedAsync(rig, taken, RecoveryLimit.Transaction, $"00{later + (1UL << 32)}", ", committed 20", "0,1,3,4");
    }

    private static async Task ReachedAsync(BaseRig rig, TakenPoint taken, RecoveryLimit limit, string to, string told, string numbers)
    {
        var wishes = new RecoveryRequest { Limit = limit, To = to, Timeline = "current", Delta = true };
        Assert.Contains(told, (await rig.PlanRestoreAsync(taken, wishes))[^1].Does, StringComparison.Ordinal);
        await rig.RestoreAsync(taken, wishes);
        Assert.Equal(numbers, await rig.Server.QueryAsync("postgres", "SELECT string_agg(n::text, ',' ORDER BY n) FROM t"));
        await rig.Server.StopServerAsync();
    }

    private static async Task<Problem> RefusedAsync(BaseRig rig, TakenPoint taken, RecoveryLimit limit, string to, string hint)
    {
        var problem = await rig.RefusedAsync(taken, new RecoveryRequest { Limit = limit, To = to });
        Assert.Equal("HF-PG-TARGET", problem.Code);
        Assert.Contains($"{to} is not in the WAL at hand, from ", problem.Message, StringComparison.Ordinal);
        Assert.Contains(hint, problem.Hint, StringComparison.Ordinal);
        return problem;
    }

    private static async Task<ulong> InsertAsync(BaseRig rig, string sql) => ulong.Parse(await rig.Server.QueryAsync("postgres", sql), CultureInfo.InvariantCulture);
}
