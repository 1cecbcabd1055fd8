using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>Each thing that goes wrong is told by its code, and nothing of it looks like a dump.</summary>
public sealed class PostgresProblemTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private Rig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await Rig.MakeAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    private Cluster With(PostgresSettings settings) => new(fixture.Server, _rig, settings);

    /// <summary>What a backup fails with; it makes no point.</summary>
    private async Task<Problem> ProblemAsync(Cluster cluster, BackupMode mode = BackupMode.Online)
    {
        var failed = await Assert.ThrowsAsync<ProblemException>(() => cluster.CaptureAsync(mode));
        Assert.Empty(await _rig.Repository.ListSnapshotIdsAsync(TestContext.Current.CancellationToken));
        return failed.Problem;
    }

    [Fact]
    public async Task A_server_that_is_down_is_unreachable()
    {
        var cluster = new Cluster(fixture.Server, _rig) { Settings = new PostgresSettings { Host = "127.0.0.1", Port = 1 } };
        var problem = await ProblemAsync(cluster);
        Assert.Equal(("HF-PG-UNREACHABLE", true), (problem.Code, problem.Transient));
        Assert.Contains("127.0.0.1:1", problem.Message, StringComparison.Ordinal);
        Assert.Equal("HF-PG-UNREACHABLE", Assert.Single(await cluster.Component().ProbeAsync(TestContext.Current.CancellationToken)).Code);
    }

    [Fact]
    public async Task A_socket_that_is_not_there_is_unreachable() => Assert.Equal(
        "HF-PG-UNREACHABLE",
        (await ProblemAsync(new Cluster(fixture.Server, _rig) { Settings = new PostgresSettings { Host = _rig["."] } })).Code);

    [Fact]
    public async Task A_user_that_does_not_exist_is_refused() => Assert.Equal("HF-PG-AUTH", (await ProblemAsync(With(new PostgresSettings { User = "nobody" }))).Code);

    [Fact]
    public async Task A_database_that_does_not_exist_is_named()
    {
        var problem = await ProblemAsync(With(new PostgresSettings { Databases = ["postgres", "nowhere"] }));
        Assert.Equal("HF-PG-DATABASE", problem.Code);
        Assert.Contains("\"nowhere\"", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_may_not_read_a_table_is_told_so_before_and_while_it_dumps()
    {
        await fixture.Server.ExecuteAsync("postgres", "CREATE ROLE humble LOGIN; CREATE DATABASE humbled;");
        await fixture.Server.ExecuteAsync("humbled", "CREATE TABLE closed (a int);");
        var cluster = With(new PostgresSettings { User = "humble", Databases = ["humbled"] });
        Assert.Contains(await cluster.Component().ProbeAsync(TestContext.Current.CancellationToken), problem => problem.Code == "HF-PG-PERMISSION");
        Assert.Equal("HF-PG-PERMISSION", (await ProblemAsync(cluster)).Code);
    }

    [Fact]
    public async Task A_good_cluster_gives_the_probe_nothing_to_say() =>
        Assert.Empty(await With(new PostgresSettings()).Component().ProbeAsync(TestContext.Current.CancellationToken));

    [Fact]
    public async Task A_session_that_is_ended_half_way_fails_the_dump_and_leaves_no_session_behind()
    {
        await fixture.Server.ExecuteAsync("postgres", "CREATE DATABASE halfway;");
        await fixture.Server.ExecuteAsync("halfway", "CREATE TABLE big AS SELECT g, repeat('x', 500) AS t FROM generate_series(1, 200000) g;");
        var ending = EndSessionAsync("datname = 'halfway' AND query LIKE 'COPY%' AND state = 'active'");
        var problem = await ProblemAsync(With(new PostgresSettings { Databases = ["halfway"] }));
        Assert.Contains(problem.Code, new[] { "HF-PG-UNREACHABLE", "HF-PG-DUMP" });
        await ending;
        Assert.Equal("0", await SessionsAsync("halfway"));
    }

    [Fact]
    public async Task A_pg_dump_that_dies_half_way_fails_the_dump()
    {
        await fixture.Server.ExecuteAsync("postgres", "CREATE DATABASE dying;");
        await fixture.Server.ExecuteAsync("dying", "SELECT lo_from_bytea(0, 'content');");
        await using var gate = await LargeObjectGate.CloseAsync(fixture.Server, "dying");
        var failing = ProblemAsync(With(new PostgresSettings { Databases = ["dying"] }));
        await fixture.Server.QueryAsync("postgres", $"SELECT pg_terminate_backend({await gate.WaitAsync()})");
        var problem = await failing;
        Assert.StartsWith("pg_dump of database \"dying\" ended with 1", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_platform_is_stopped_a_locked_table_is_waited_for_some_seconds_only()
    {
        var (cluster, began) = (With(new PostgresSettings { Databases = ["blocked"], LockTimeout = TimeSpan.FromHours(1) }), 0L);
        var problem = await WhileLockedAsync("blocked", async () =>
        {
            began = TimeProvider.System.GetTimestamp();
            return await ProblemAsync(cluster, BackupMode.Quiesced);
        });
        Assert.Equal("HF-PG-LOCKED", problem.Code);
        Assert.True(TimeProvider.System.GetElapsedTime(began).TotalSeconds > 4); // but not for the hour of the settings
    }

    [Fact]
    public async Task A_database_that_allows_no_connections_is_warned_of()
    {
        await fixture.Server.ExecuteAsync("postgres", "CREATE DATABASE shut ALLOW_CONNECTIONS false;");
        var cluster = With(new PostgresSettings { Databases = ["shut"] });
        var warning = Assert.Single((await cluster.CaptureAsync()).Said.Warnings);
        Assert.Equal("HF-PG-CLOSED", warning.Code);
        Assert.Contains("\"shut\"", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_stays_locked_is_not_waited_for_for_ever()
    {
        var problem = await WhileLockedAsync("locked", () => ProblemAsync(With(new PostgresSettings { Databases = ["locked"], LockTimeout = TimeSpan.FromMilliseconds(500) })));
        Assert.Equal(("HF-PG-LOCKED", true), (problem.Code, problem.Transient));
    }

    /// <summary>What comes of it while a table of a new database is being altered.</summary>
    private async Task<Problem> WhileLockedAsync(string database, Func<Task<Problem>> act)
    {
        await fixture.Server.ExecuteAsync("postgres", $"CREATE DATABASE {database};");
        await fixture.Server.ExecuteAsync(database, "CREATE TABLE t (a int);");
        var altering = fixture.Server.QueryAsync(database, "BEGIN; ALTER TABLE t ADD COLUMN b int; SELECT pg_sleep(60); COMMIT");
        await fixture.Server.QueryAsync("postgres", "SELECT pg_sleep(1)");
        var problem = await act();
        await fixture.Server.QueryAsync("postgres", $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        await Assert.ThrowsAsync<InvalidOperationException>(() => altering);
        return problem;
    }

    /// <summary>Ends the first session of which the condition holds, as soon as it does: the server itself looks for it.</summary>
    private Task EndSessionAsync(string condition) => fixture.Server.ExecuteAsync("postgres", $"""
        DO $$ BEGIN
            WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE {condition} AND pg_terminate_backend(pid)) LOOP
                PERFORM pg_sleep(0.002), pg_stat_clear_snapshot();
                IF clock_timestamp() > now() + interval '1 minute' THEN RAISE 'No session to end.'; END IF;
            END LOOP;
        END $$;
        """);

    private Task<string> SessionsAsync(string database) =>
        fixture.Server.QueryAsync("postgres", $"SELECT pg_sleep(0.5); SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'").ContinueWith(
            answer => answer.Result.Trim(), TaskScheduler.Default);
}
