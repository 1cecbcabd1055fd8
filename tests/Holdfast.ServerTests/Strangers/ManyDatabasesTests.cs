using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>More databases, and more tables, than a server has connections and locks for.</summary>
public sealed class ManyDatabasesTests
{
    [Fact]
    public async Task An_online_backup_holds_no_more_snapshots_than_the_server_can()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Settings = ["max_connections=16", "max_locks_per_transaction=10"] });
        for (var number = 0; number < 24; number++) await server.ExecuteAsync("postgres", $"CREATE DATABASE many{number};");
        await server.ExecuteAsync("many0", "DO $$ BEGIN FOR n IN 1..60 LOOP EXECUTE format('CREATE TABLE t%s (a int)', n); COMMIT; END LOOP; END $$; INSERT INTO t7 VALUES (1);");
        await server.ExecuteAsync("many23", "CREATE TABLE last (a int); INSERT INTO last VALUES (2);");
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig);
        var taken = await cluster.CaptureAsync();
        Assert.Contains(taken.Said.Notes, note => note.Contains("max_connections", StringComparison.Ordinal));
        Assert.Equal(25, taken.Record.Counts["databases"]);
        foreach (var database in new[] { "many0", "many23" }) await server.ExecuteAsync("postgres", $"DROP DATABASE {database};");
        await cluster.RestoreAsync(taken, overwrite: true);
        Assert.Equal("1", await server.QueryAsync("many0", "SELECT a FROM t7"));
        Assert.Equal("2", await server.QueryAsync("many23", "SELECT a FROM last"));

        var refused = await Assert.ThrowsAsync<ProblemException>(() => cluster.CaptureAsync(BackupMode.Quiesced));
        Assert.Equal("HF-PG-BUSY", refused.Problem.Code);
    }
}
