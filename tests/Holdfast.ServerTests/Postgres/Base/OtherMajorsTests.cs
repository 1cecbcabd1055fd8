using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Components;
using Holdfast.Engine.Points;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>The oldest and the newest server that can be had: what they call their functions, and where they look for settings of a recovery, differs.</summary>
public sealed class OtherMajorsTests
{
    [Fact]
    public async Task Files_of_older_and_newer_servers_are_captured_and_restored()
    {
        var majors = PostgresServer.OtherMajors;
        Require.That(majors.Count > 0, "No other major version of PostgreSQL is there: HOLDFAST_POSTGRES_MAJORS names none.");
        foreach (var bin in majors) await ThereAndBackAsync(bin);
    }

    private static async Task ThereAndBackAsync(string bin)
    {
        await using var rig = await BaseRig.StartOnAsync(bin);
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 10) AS pad FROM generate_series(1, 20000) n; CREATE INDEX ON t (n); CREATE UNLOGGED TABLE u AS SELECT 1 AS n;");
        await rig.CaptureAsync();
        await rig.Server.ExecuteAsync("postgres", "UPDATE t SET pad = 'changed' WHERE n % 1000 = 0;");
        await rig.Server.ExecuteAsync("postgres", "CHECKPOINT;");
        var address = "";
        var taken = await rig.CaptureAsync(between: async () =>
        {
            await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (-1, 'between');");
            address = await rig.Server.QueryAsync("postgres", "SELECT pg_current_wal_insert_lsn()");
            await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (-2, 'between');");
        });
        Assert.Empty(taken.Said.Warnings);
        Assert.True(taken.Record.Counts["filesWithChangedPages"] > 0, bin);
        await rig.Server.ExecuteAsync("postgres", "DROP TABLE t;");
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken);
        Assert.Equal("-2|20002|20", await rig.Server.QueryAsync("postgres", "SELECT min(n), count(*), count(*) FILTER (WHERE pad = 'changed') FROM t"));
        Assert.Equal("0", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM u"));
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true, Limit = RecoveryLimit.Address, To = address, Pause = true });
        Assert.Equal("-1|t", await rig.Server.QueryAsync("postgres", "SELECT min(n), pg_is_in_recovery() FROM t"));
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_wal_replay_resume();");
        await Eventually.HoldsAsync("the server is promoted", async () => await rig.Server.QueryAsync("postgres", "SELECT pg_is_in_recovery()") == "f");

        rig.Receives = true;
        var received = await rig.CaptureAsync();
        Assert.Empty(received.Said.Warnings);
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(received, new RecoveryRequest { Delta = true });
        Assert.Equal("20001", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
        rig.Receives = false;

        var cold = await rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold, () => rig.Server.StopServerAsync());
        await rig.RestoreAsync(cold);
        Assert.Equal("20001", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
    }
}
