using Holdfast.Components.Postgres;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Databases as others have them, which a dump must bring back as they were, or say what it does not.</summary>
public sealed class DumpFaultsTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly PostgresServer _server = fixture.Server;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

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
        var manifest = await cluster.CaptureAsync();
        var script = Directory.GetFiles(_folder.Path, "pre-data.sql", SearchOption.AllDirectories).Single();
        // As of an extension that is not installed here: PostgreSQL answers 58P01, at which Npgsql gives the connection up.
        File.WriteAllText(script, File.ReadAllText(script).Replace("CREATE TABLE", "CREATE FUNCTION public.f() RETURNS int LANGUAGE c AS '$libdir/not-here', 'f';\n\nCREATE TABLE", StringComparison.Ordinal));
        var session = KeepGoingTests.Session(manifest, "libraries");
        await cluster.RestoreAsync(session);
        Assert.Contains("CREATE FUNCTION public.f", Assert.Single(session.Lacking), StringComparison.Ordinal);
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
        var all = new Cluster(_server, new FolderDump(_folder["all"]));
        var manifest = await all.CaptureAsync();
        var names = manifest.Components[0].Details!["databases"]!.AsArray().Select(database => (string)database!["name"]!).ToList();
        Assert.Contains("mould", names);
        Assert.Contains("template1", names);
        Assert.DoesNotContain("broken", names);
        Assert.Contains(all.Context.Warnings, warning => warning.Code == "HF-PG-INVALID");
        await _server.ExecuteAsync("template1", "DROP TABLE everywhere;");

        await Cluster("broken").RestoreAsync(whole, databases: "broken");
        Assert.Equal("0", await _server.QueryAsync("broken", "SELECT count(*) FROM b"));
        await all.RestoreAsync(manifest, databases: "mould");
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
        var dump = new FolderDump(_folder.Path);
        await new Cluster(_server, dump, new PostgresSettings { Databases = [name] }).CaptureAsync();
        await _server.ExecuteAsync("postgres", $"DROP DATABASE {quoted};");
        var folder = Path.GetDirectoryName(Directory.GetFiles(_folder.Path, "restore.sql", SearchOption.AllDirectories).Single())!;
        (await Command.RunAsync("sh", ["-c", "cd \"$1\" && exec \"$2\" -X -q -v ON_ERROR_STOP=1 -f restore.sql", "sh", folder, _server.Program("psql")], _server.Environs("postgres"))).Succeeded();
        Assert.Equal("1", await _server.QueryAsync(name, face));
    }

    private Cluster Cluster(string database) => new(_server, new FolderDump(_folder[database]), new PostgresSettings { Databases = [database] });

    private async Task RestoreAsync(string database)
    {
        var cluster = Cluster(database);
        var manifest = await cluster.CaptureAsync();
        await cluster.RestoreAsync(manifest, databases: database);
    }
}
