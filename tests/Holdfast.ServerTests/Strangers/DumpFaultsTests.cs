using Holdfast.Components.Postgres.Connection;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Databases as others have them, which a dump must bring back as they were, or say what it does not.</summary>
public sealed class DumpFaultsTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private readonly PostgresServer _server = fixture.Server;
    private Rig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await Rig.MakeAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Settings_that_say_what_values_mean_are_there_before_the_values()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE zoned;");
        await _server.ExecuteAsync("postgres", "ALTER DATABASE zoned SET timezone = 'Pacific/Kiritimati'; ALTER DATABASE zoned SET app.most = '5'; ALTER DATABASE zoned SET default_transaction_read_only = on;");
        await _server.ExecuteAsync("zoned", """
            SET default_transaction_read_only = off;
            CREATE TABLE t (at timestamptz, amount int CHECK (amount < current_setting('app.most')::int)); INSERT INTO t VALUES ('2026-01-01 12:00+00', 1);
            CREATE MATERIALIZED VIEW days AS SELECT at::date AS day FROM t;
            """);
        await RestoreAsync("zoned");
        Assert.Equal("2026-01-02", await _server.QueryAsync("zoned", "SELECT day FROM days"));
        Assert.Equal("on", await _server.QueryAsync("zoned", "SHOW default_transaction_read_only"));
    }

    [Fact]
    public async Task Materialized_views_indexes_and_checks_may_read_views()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE viewed;");
        await _server.ExecuteAsync("viewed", """
            CREATE TABLE t (n int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT n FROM public.t; CREATE MATERIALIZED VIEW m AS SELECT n FROM v;
            CREATE FUNCTION many() RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT count(*) FROM public.v';
            CREATE TABLE c (n int CHECK (many() >= 0)); INSERT INTO c VALUES (2); CREATE INDEX c_many ON c ((n + many()));
            """);
        await RestoreAsync("viewed");
        Assert.Equal("1 2", await _server.QueryAsync("viewed", "SELECT m.n || ' ' || c.n FROM m, c"));
    }

    [Fact]
    public async Task A_missing_library_costs_its_own_statements_alone_when_a_restore_keeps_going()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE libraries;");
        await _server.ExecuteAsync("libraries", "CREATE TABLE t (n int); INSERT INTO t VALUES (1);");
        var cluster = Cluster("libraries");
        // As of an extension that is not installed here: PostgreSQL answers 58P01, at which Npgsql gives the connection up.
        const string Function = "CREATE FUNCTION public.f() RETURNS int LANGUAGE c AS '$libdir/not-here', 'f';";
        var taken = await cluster.ReplaceAsync(
            await cluster.CaptureAsync(), "libraries/pre-data.sql",
            script => script.Replace("CREATE TABLE", $"{Function}\n\nCREATE TABLE", StringComparison.Ordinal));
        await cluster.RestoreAsync(taken, keepGoing: true, databases: "libraries");
        Assert.Contains("CREATE FUNCTION public.f", Assert.Single(_rig.Lacking), StringComparison.Ordinal);
        Assert.Equal("1", await _server.QueryAsync("libraries", "SELECT n FROM public.t"));
    }

    [Fact]
    public async Task Rows_that_belong_to_other_partitions_than_before_are_loaded_through_the_root()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE moods;");
        await _server.ExecuteAsync("moods", """
            CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
            CREATE TABLE f (m mood, n int) PARTITION BY HASH (m);
            CREATE TABLE f0 PARTITION OF f FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE f1 PARTITION OF f FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY HASH (m);
            CREATE TABLE f10 PARTITION OF f1 FOR VALUES WITH (MODULUS 4, REMAINDER 1);
            CREATE TABLE f11 PARTITION OF f1 FOR VALUES WITH (MODULUS 4, REMAINDER 3);
            INSERT INTO f SELECT m, g FROM unnest(enum_range(NULL::mood)) m, generate_series(1, 100) g;
            """);
        const string Rows = "SELECT count(*), md5(string_agg(f::text, ' ' ORDER BY f)) FROM f";
        var before = await _server.QueryAsync("moods", Rows);
        // New types get other numbers, by which their hashes go.
        await _server.ExecuteAsync("postgres", "CREATE TABLE IF NOT EXISTS numbers (a int);");
        await RestoreAsync("moods");
        Assert.Equal(before, await _server.QueryAsync("moods", Rows));
    }

    [Fact]
    public async Task Templates_are_captured_and_an_invalid_database_is_told_and_replaced()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE mould IS_TEMPLATE true; CREATE DATABASE broken;");
        await _server.ExecuteAsync("mould", "CREATE TABLE m (a int);");
        await _server.ExecuteAsync("broken", "CREATE TABLE b (a int);");
        var whole = await Cluster("broken").CaptureAsync();
        await _server.ExecuteAsync("template1", "CREATE TABLE everywhere (a int);");
        await _server.ExecuteAsync("postgres", "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'broken';");
        var all = new Cluster(_server, _rig);
        var taken = await all.CaptureAsync();
        var names = taken.Record.Details!["databases"]!.AsArray().Select(database => (string)database!["name"]!).ToList();
        Assert.Contains("mould", names);
        Assert.Contains("template1", names);
        Assert.DoesNotContain("broken", names);
        Assert.Contains(taken.Said.Warnings, warning => warning.Code == "HF-PG-INVALID");
        await _server.ExecuteAsync("template1", "DROP TABLE everywhere;");

        await Cluster("broken").RestoreAsync(whole, databases: "broken");
        Assert.Equal("0", await _server.QueryAsync("broken", "SELECT count(*) FROM b"));
        await all.RestoreAsync(taken, databases: "mould");
        Assert.Equal("t", await _server.QueryAsync("postgres", "SELECT datistemplate FROM pg_database WHERE datname = 'mould'"));
    }

    [Theory]
    [InlineData("""a "quoted" name""")]
    [InlineData("""it's \n a='b' "c""")]
    public async Task The_script_for_people_takes_any_name_of_a_database(string name)
    {
        var quoted = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        await _server.ExecuteAsync("postgres", $"CREATE DATABASE {quoted};");
        var face = $"SELECT count(*) FROM pg_class WHERE relname = 'odd'";
        await _server.ExecuteAsync(name, "CREATE TABLE odd (a int);");
        var cluster = Cluster(name);
        var taken = await cluster.CaptureAsync();
        await _server.ExecuteAsync("postgres", $"DROP DATABASE {quoted};");
        await _rig.RestoreAsync(cluster.Component(), taken.Point, request => request with { Target = _rig["files"] });
        var folder = Path.GetDirectoryName(Directory.GetFiles(_rig["files"], "restore.sql", SearchOption.AllDirectories).Single())!;
        (await Command.RunAsync("sh", ["-c", "cd \"$1\" && exec \"$2\" -X -q -v ON_ERROR_STOP=1 -f restore.sql", "sh", folder, _server.Program("psql")], _server.Environs("postgres"))).Succeeded();
        Assert.Equal("1", await _server.QueryAsync(name, face));
    }

    private Cluster Cluster(string database) => new(_server, _rig, new PostgresSettings { Databases = [database] });

    private async Task RestoreAsync(string database)
    {
        var cluster = Cluster(database);
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: database);
    }
}
