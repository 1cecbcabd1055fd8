using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Databases that work where they are, and whose dumps PostgreSQL refuses: functions without a search path, rows that break their own constraints.</summary>
public sealed class KeepGoingTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Important = "CREATE TABLE important(id int PRIMARY KEY); INSERT INTO important SELECT generate_series(1, 1000);";

    private readonly PostgresServer _server = fixture.Server;
    private Rig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await Rig.MakeAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData("index", "CREATE INDEX t_f ON public.t", "42P01", """
        CREATE TABLE words(w text); CREATE TABLE t(n text); INSERT INTO t VALUES ('a');
        CREATE FUNCTION f(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN $1 || (SELECT count(*) FROM words); END$$; CREATE INDEX t_f ON t(f(n));
        """)]
    [InlineData("view", "REFRESH MATERIALIZED VIEW public.m", "42P01", """
        CREATE TABLE t(n int); INSERT INTO t VALUES (1);
        CREATE FUNCTION g() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM t); END$$; CREATE MATERIALIZED VIEW m AS SELECT g();
        """)]
    [InlineData("orphan", "ALTER TABLE ONLY public.c ADD CONSTRAINT c_p_fkey", "is not present in table", """
        CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE c(p int REFERENCES p); SET session_replication_role = replica; INSERT INTO c VALUES (7);
        """)]
    [InlineData("rows", """The 3 rows of "public"."k" """, "violates check constraint", """
        CREATE TABLE k(n int); CREATE TABLE limits(most int); INSERT INTO limits VALUES (9); INSERT INTO k VALUES (1), (2), (3);
        CREATE FUNCTION most() RETURNS int LANGUAGE sql AS 'SELECT coalesce(max(most), 0) FROM public.limits'; ALTER TABLE k ADD CHECK (n < most()); UPDATE limits SET most = 0;
        """)]
    public async Task What_is_refused_is_listed_and_the_rest_is_kept(string name, string part, string reason, string makes)
    {
        await _server.ExecuteAsync("postgres", $"CREATE DATABASE {name};");
        await _server.ExecuteAsync(name, Important + makes);
        var cluster = Cluster(name);
        var taken = await cluster.CaptureAsync();
        await _server.ExecuteAsync("postgres", $"DROP DATABASE {name};");

        var failure = await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(taken, databases: name));
        Assert.Equal("HF-PG-RESTORE", failure.Problem.Code);
        Assert.DoesNotContain(name, await cluster.DatabasesAsync(), StringComparison.Ordinal);

        var restored = await cluster.RestoreAsync(taken, keepGoing: true, databases: name);
        Assert.Equal("1000", await _server.QueryAsync(name, "SELECT count(*) FROM important"));
        Assert.Contains(_rig.Lacking, sentence => sentence.Contains(part.Trim(), StringComparison.Ordinal) && sentence.Contains(reason, StringComparison.Ordinal));
        Assert.Contains(restored.Warnings, warning => warning.Code == "HF-PG-LACKING" && warning.Exit == ExitCode.Incomplete);
    }

    [Fact]
    public async Task A_check_that_reads_a_table_loaded_later_is_met_when_that_one_is_there()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE later;");
        await _server.ExecuteAsync("later", """
            CREATE TABLE big(id int); CREATE TABLE small(id int); INSERT INTO small VALUES (1);
            CREATE FUNCTION known(int) RETURNS boolean LANGUAGE sql AS $$SELECT EXISTS (SELECT FROM public.small WHERE id = $1)$$;
            ALTER TABLE big ADD CHECK (known(id)); INSERT INTO big SELECT 1 FROM generate_series(1, 5000);
            """);
        var cluster = Cluster("later");
        var restored = await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "later");
        Assert.Equal("5000", await _server.QueryAsync("later", "SELECT count(*) FROM big"));
        Assert.DoesNotContain(restored.Warnings, warning => warning.Exit == ExitCode.Incomplete);
    }

    [Fact]
    public async Task What_was_there_is_kept_beside_a_database_that_lacks_something_even_with_overwrite()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE partly;");
        await _server.ExecuteAsync("partly", "CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE c(p int REFERENCES p); SET session_replication_role = replica; INSERT INTO c VALUES (7);");
        var cluster = Cluster("partly");
        await cluster.RestoreAsync(await cluster.CaptureAsync(), overwrite: true, keepGoing: true, databases: "partly");
        Assert.NotEmpty(_rig.Lacking);
        Assert.Contains("partly_before_", await cluster.DatabasesAsync(), StringComparison.Ordinal);
    }

    private Cluster Cluster(string database) => new(_server, _rig, new PostgresSettings { Databases = [database] });
}
