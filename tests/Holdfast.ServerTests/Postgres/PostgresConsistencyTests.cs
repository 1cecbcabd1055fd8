using System.Globalization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

public sealed class PostgresConsistencyTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Snapshots_that_no_dump_takes_are_let_go_when_the_run_ends()
    {
        const string held = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'held' AND state LIKE 'idle in transaction%'";
        await fixture.Server.QueryAsync("postgres", "CREATE DATABASE held");
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(fixture.Server, rig, new PostgresSettings { Databases = ["held"] });
        var marked = new RunHooks
        {
            Acted = async _ =>
            {
                Assert.Equal("1", await fixture.Server.QueryAsync("postgres", held));
                throw new ProblemException(Catalogue.PostgresDump.With("Another component fails."));
            },
        };
        var failed = await Assert.ThrowsAsync<ProblemException>(() => cluster.CaptureAsync(hooks: marked));
        Assert.Equal("Another component fails.", failed.Problem.Message);
        await Eventually.HoldsAsync("no session holds a snapshot", async () => await fixture.Server.QueryAsync("postgres", held) == "0");
    }

    [Fact]
    public async Task All_tables_are_of_one_instant_while_others_write()
    {
        await fixture.Server.ExecuteAsync("postgres", "CREATE DATABASE busy;");
        await fixture.Server.ExecuteAsync("busy", """
            CREATE TABLE a (id int PRIMARY KEY, v bigint); CREATE TABLE b (id int PRIMARY KEY, v bigint); CREATE TABLE c (id int PRIMARY KEY, v bigint);
            INSERT INTO a SELECT g, 1000 FROM generate_series(1, 2000) g; INSERT INTO b SELECT * FROM a; INSERT INTO c SELECT * FROM a;
            CREATE TABLE stop (a int);
            CREATE PROCEDURE churn() LANGUAGE plpgsql AS $$
            DECLARE amount int; n int;
            BEGIN
                WHILE NOT EXISTS (SELECT FROM stop) LOOP
                    amount := 1 + random() * 10; n := 1 + random() * 1998;
                    UPDATE a SET v = v - 2 * amount WHERE id = n; UPDATE b SET v = v + amount WHERE id = n; UPDATE c SET v = v + amount WHERE id = n;
                    COMMIT;
                END LOOP;
            END $$;
            """);
        var writing = fixture.Server.QueryAsync("busy", "CALL churn()");
        await Eventually.HoldsAsync("the writer writes", async () => await fixture.Server.QueryAsync("busy", "SELECT EXISTS (SELECT FROM a WHERE v <> 1000)") == "t");
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(fixture.Server, rig, new PostgresSettings { Databases = ["busy"], Workers = 3 });
        for (var round = 0; round < 3; round++)
        {
            var taken = await cluster.CaptureAsync();
            long sum = 0;
            foreach (var table in new[] { "a", "b", "c" }) sum += SumOf(await cluster.ReadAsync(taken, $"busy/data/public.{table}.copy"));
            Assert.Equal(6_000_000, sum);
        }
        Assert.False(writing.IsCompleted, "The writer ended before the dumps did, so nothing was tested.");
        await fixture.Server.ExecuteAsync("busy", "INSERT INTO stop VALUES (1);");
        await writing;
    }

    [Fact]
    public async Task A_table_truncated_between_snapshot_and_lock_is_not_dumped_as_empty()
    {
        await fixture.Server.ExecuteAsync("postgres", "CREATE DATABASE truncated;");
        await fixture.Server.ExecuteAsync("truncated", "CREATE TABLE t AS SELECT generate_series(1, 100) AS a; CREATE TABLE moved (a int);");
        await using var rig = await Rig.MakeAsync();
        var moving = fixture.Server.QueryAsync("truncated", "BEGIN; INSERT INTO moved SELECT a FROM t; TRUNCATE t; SELECT pg_sleep(3); COMMIT");
        await fixture.Server.QueryAsync("postgres", "SELECT pg_sleep(1)");
        var cluster = new Cluster(fixture.Server, rig, new PostgresSettings { Databases = ["truncated"] });
        var taken = await cluster.CaptureAsync();
        await moving;
        var rows = await cluster.ReadAsync(taken, "truncated/data/public.t.copy") + await cluster.ReadAsync(taken, "truncated/data/public.moved.copy");
        Assert.Equal(100, rows.Count(character => character == '\n'));
    }

    private static long SumOf(string rows) =>
        rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(line => long.Parse(line.Split('\t')[1], CultureInfo.InvariantCulture));
}
