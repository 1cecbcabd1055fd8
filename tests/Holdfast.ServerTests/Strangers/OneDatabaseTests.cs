using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>One database that its owner has made so that it cannot be captured or restored, among others.</summary>
public sealed class OneDatabaseTests
{
    private static readonly string[] _fewLocks = ["max_connections=16", "max_locks_per_transaction=10"];

    [Theory]
    [InlineData(BackupMode.Online)]
    [InlineData(BackupMode.Quiesced)]
    public async Task More_tables_than_the_server_has_locks_keep_one_database_alone_out(BackupMode mode)
    {
        await using var server = await StartAsync(_fewLocks, "before", "evil", "late");
        await server.ExecuteAsync("evil", Tables(2000));
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig);
        var taken = await cluster.CaptureAsync(mode);
        var left = Assert.Single(taken.Said.Warnings, warning => warning.Exit == ExitCode.Incomplete);
        Assert.Equal("HF-PG-LEFT", left.Code);
        Assert.Contains("\"evil\"", left.Message, StringComparison.Ordinal);
        Assert.Contains("max_locks_per_transaction", left.Hint, StringComparison.Ordinal);
        await AssertLeftAsync(server, cluster, taken, "evil", "before", "late");
    }

    [Fact]
    public async Task In_a_window_the_database_with_the_most_tables_makes_room_for_the_others()
    {
        await using var server = await StartAsync(_fewLocks, "evil", "late");
        await server.ExecuteAsync("evil", Tables(330));
        await server.ExecuteAsync("late", Tables(150));
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig);
        await AssertLeftAsync(server, cluster, await cluster.CaptureAsync(BackupMode.Quiesced), "evil", "late");
    }

    [Fact]
    public async Task A_database_that_is_dropped_when_the_run_has_begun_stays_out_alone()
    {
        await using var server = await StartAsync([], "before", "evil", "late");
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig);
        var hooks = new RunHooks { First = () => server.ExecuteAsync("postgres", "DROP DATABASE evil;") };
        await AssertLeftAsync(server, cluster, await cluster.CaptureAsync(hooks: hooks), "evil", "before", "late");
    }

    [Fact]
    public async Task A_table_that_stays_locked_keeps_one_database_alone_out()
    {
        await using var server = await StartAsync([], "before", "evil", "late");
        await using var rig = await Rig.MakeAsync();
        var locking = server.QueryAsync("evil", "BEGIN; LOCK TABLE t; SELECT pg_sleep(3600)");
        await Eventually.HoldsAsync("the table is locked", async () => await LocksAsync(server, granted: true) == "1");
        var cluster = new Cluster(server, rig, new PostgresSettings { LockTimeout = TimeSpan.FromSeconds(1) });
        await AssertLeftAsync(server, cluster, await cluster.CaptureAsync(), "evil", "before", "late");
        await Assert.ThrowsAnyAsync<Exception>(() => locking);
    }

    /// <summary>
    /// It waits for the lock of the snapshot, and whoever reads the table waits behind it: nothing but a limit ends
    /// that.
    /// </summary>
    [Fact]
    public async Task Who_waits_for_a_table_of_the_snapshot_does_not_hold_the_backup_up()
    {
        await using var server = await StartAsync([], "before", "evil", "late");
        await using var rig = await Rig.MakeAsync();
        Task? altering = null;
        var hooks = new RunHooks
        {
            Acted = async _ =>
            {
                if (altering is not null) return;
                altering = server.QueryAsync("evil", "ALTER TABLE t ADD b int");
                await Eventually.HoldsAsync("the table waits to be altered", async () => await LocksAsync(server, granted: false) == "1");
            },
        };
        var cluster = new Cluster(server, rig, new PostgresSettings { LockTimeout = TimeSpan.FromSeconds(1) });
        var taken = await cluster.CaptureAsync(hooks: hooks);
        await altering!;
        await AssertLeftAsync(server, cluster, taken, "evil", "before", "late");
    }

    [Fact]
    public async Task A_run_in_which_no_database_can_be_captured_fails()
    {
        await using var server = await StartAsync([], "evil");
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig, new PostgresSettings { Databases = ["evil"] });
        var hooks = new RunHooks { First = () => server.ExecuteAsync("postgres", "DROP DATABASE evil;") };
        Assert.Equal("HF-PG-DATABASE", (await Assert.ThrowsAsync<ProblemException>(() => cluster.CaptureAsync(hooks: hooks))).Problem.Code);
    }

    [Theory]
    [InlineData("CREATE TABLE e (a int CHECK (spoil())); INSERT INTO e VALUES (1);")]
    [InlineData("CREATE DOMAIN d AS int CHECK (spoil()); CREATE TABLE e (a d); INSERT INTO e VALUES (1);")]
    [InlineData("CREATE TABLE e (a int, b boolean GENERATED ALWAYS AS (spoil()) STORED); INSERT INTO e VALUES (1);")]
    [InlineData("CREATE TABLE e (a int); INSERT INTO e VALUES (1); CREATE INDEX ON e ((spoil()));")]
    [InlineData("CREATE MATERIALIZED VIEW e AS SELECT spoil() AS a;")]
    public async Task What_refuses_its_own_rows_fails_one_database_alone(string makes)
    {
        await using var server = await StartAsync([], "before", "evil", "late");
        await SpoilAsync(server, "RAISE EXCEPTION 'never again' USING ERRCODE = 'P0007'", makes);
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig);
        var restored = await cluster.RestoreAsync(await cluster.CaptureAsync());
        await AssertNotRestoredAsync(server, cluster, restored, "[P0007]");
    }

    [Theory]
    [InlineData("CREATE TABLE e (a int CHECK (spoil())); INSERT INTO e VALUES (1);", "COPY \"public\".\"e\"")]
    [InlineData("CREATE MATERIALIZED VIEW e AS SELECT spoil() AS a;", "REFRESH MATERIALIZED VIEW public.e")]
    public async Task What_waits_for_ever_and_minds_no_limit_fails_one_database_alone(string makes, string running)
    {
        await using var server = await StartAsync([], "before", "evil", "late");
        await SpoilAsync(server, "LOOP BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP", makes);
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig);
        var taken = await cluster.CaptureAsync();
        var clock = new ManualClock();
        var host = new Engine.Hosts.LocalHost(Environment.GetEnvironmentVariable);
        var component = new PostgresComponent(cluster.Settings with { LoadTimeout = TimeSpan.FromMinutes(7) }, new FixedSecret(""), host, clock);
        var restoring = rig.RestoreAsync(component, taken.Point);
        const string Sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'evil\\_\\_holdfast%' AND wait_event = 'PgSleep'";
        await Eventually.HoldsAsync("the restore sleeps", async () => restoring.IsCompleted || await server.QueryAsync("postgres", Sleeping) == "1");
        clock.Advance(TimeSpan.FromMinutes(8));
        await AssertNotRestoredAsync(server, cluster, await restoring, $"within 7 min, the limit for it; {running}");
    }

    private static string Tables(int count) =>
        $"DO $$ BEGIN FOR n IN 1..{count} LOOP EXECUTE format('CREATE TABLE t%s (a int)', n); COMMIT; END LOOP; END $$;";

    private static Task<string> LocksAsync(PostgresServer server, bool granted) => server.QueryAsync(
        "postgres", $"SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND granted = {granted} AND relation >= 16384");

    private static async Task<PostgresServer> StartAsync(string[] settings, params string[] databases)
    {
        var server = await PostgresServer.StartAsync(new PostgresServerOptions { Settings = settings });
        foreach (var database in databases)
        {
            await server.ExecuteAsync("postgres", $"CREATE DATABASE {database};");
            await server.ExecuteAsync(database, "CREATE TABLE t (a int); INSERT INTO t VALUES (7);");
        }
        return server;
    }

    /// <summary>The function does harm only where the database has another name than its own.</summary>
    private static Task SpoilAsync(PostgresServer server, string harm, string makes) => server.ExecuteAsync("evil", $"""
        CREATE FUNCTION spoil() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
            IF current_database() <> 'evil' THEN {harm}; END IF; RETURN true; END $$;
        {makes}
        """);

    /// <summary>The point has the others, and says what it lacks.</summary>
    private static async Task AssertLeftAsync(PostgresServer server, Cluster cluster, TakenPoint taken, string left, params string[] others)
    {
        Assert.False(taken.Record.Complete);
        Assert.Contains(taken.Record.Omissions!, omission => omission.What == $"database \"{left}\"");
        Assert.Contains(taken.Said.Warnings, warning => warning.Code == "HF-PG-LEFT" && warning.Message.Contains($"\"{left}\"", StringComparison.Ordinal));
        foreach (var database in others) await server.ExecuteAsync("postgres", $"DROP DATABASE {database};");
        await cluster.RestoreAsync(taken, overwrite: true);
        foreach (var database in others) Assert.Equal("1", await server.QueryAsync(database, "SELECT count(*) FROM t"));
    }

    private static async Task AssertNotRestoredAsync(PostgresServer server, Cluster cluster, RunReport restored, string why)
    {
        var problem = Assert.Single(restored.Warnings, warning => warning.Exit != ExitCode.Success);
        Assert.Equal(("HF-PG-NOT-RESTORED", ExitCode.Incomplete), (problem.Code, problem.Exit));
        Assert.Contains("\"evil\"", problem.Message, StringComparison.Ordinal);
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        var databases = await cluster.DatabasesAsync();
        Assert.Contains("late_before_", databases, StringComparison.Ordinal);
        Assert.DoesNotContain("evil_", databases, StringComparison.Ordinal);
        Assert.Equal("7", await server.QueryAsync("late", "SELECT a FROM t"));
    }
}
