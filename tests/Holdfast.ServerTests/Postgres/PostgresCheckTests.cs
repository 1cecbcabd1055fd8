using System.Diagnostics;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>What a check sees of a real PostgreSQL: nobody, somebody who is idle, who reads, who writes, who backs up; and a server that is not there.</summary>
public sealed class PostgresCheckTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_at_rest_passes_every_question()
    {
        await using var server = await StartAsync();
        var lines = await QuietAsync(server);
        Assert.Equal(["sessions", "writes", "prepared transactions", "backups"], lines.Select(line => line.Question));
        Each.Holds(lines, line => Assert.True(line.State == CheckState.Pass, $"{line}"));
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("bytes")]
    public async Task Names_that_are_not_UTF_8_keep_no_question_from_its_answer(string maintenance)
    {
        await using var server = await StartAsync("max_prepared_transactions=2");
        await server.ExecuteAsync("postgres", "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'; CREATE DATABASE odd; CREATE TABLE t (n int);");
        await server.ExecuteAsync("bytes", @"DO $$ BEGIN EXECUTE format('ALTER DATABASE odd RENAME TO %I', E'odd\xe9'); EXECUTE format('CREATE ROLE %I SUPERUSER', E'r\xe9le'); END $$;");
        await server.ExecuteAsync("bytes", @"CREATE TABLE u (n int); DO $$ BEGIN EXECUTE format('SET SESSION AUTHORIZATION %I', E'r\xe9le'); END $$; BEGIN; INSERT INTO u VALUES (1); PREPARE TRANSACTION 'left';");
        var lines = await LinesAsync(server, settings => settings with { Maintenance = maintenance });
        Assert.DoesNotContain(lines, line => line.State == CheckState.Unknown);
        Assert.Contains("left of r\\xE9le in bytes", Assert.Single(lines, line => line.State == CheckState.Fail).Found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idle_session_is_a_warning_that_names_it()
    {
        await using var server = await StartAsync();
        using var session = await SessionAsync(server, "SELECT 1;");
        var line = (await QuietAsync(server))[0];
        Assert.Equal(CheckState.Warn, line.State);
        Assert.Equal("1 idle: postgres@postgres psql", line.Found);
        await EndAsync(session);
        Assert.Equal(CheckState.Pass, (await QuietAsync(server))[0].State);
    }

    [Fact]
    public async Task A_session_in_a_transaction_fails_by_its_verb_and_not_by_its_text()
    {
        await using var server = await StartAsync();
        using var session = await SessionAsync(server, "BEGIN; SELECT 'a secret';");
        var line = (await LinesAsync(server))[0];
        Assert.Equal(CheckState.Fail, line.State);
        Assert.Matches(@"^1 at work: process \d+ of postgres@postgres psql, idle in transaction \(SELECT\) for \d+ s$", line.Found);
        Assert.NotNull(line.Hint);
        await EndAsync(session);
    }

    [Fact]
    public async Task A_statement_that_runs_fails()
    {
        await using var server = await StartAsync();
        using var session = await SessionAsync(server, "SELECT pg_sleep(60);", answered: false);
        var line = await UntilAsync(server, lines => lines[0].State == CheckState.Fail);
        Assert.Matches(@"active \(SELECT\)", line[0].Found);
        session.Kill();
    }

    [Fact]
    public async Task A_writer_is_seen_between_two_looks_by_transactions_and_rows()
    {
        await using var server = await StartAsync();
        await server.ExecuteAsync("postgres", "CREATE TABLE t (n int);");
        var writer = server.RunAsync("psql", ["-Xq", "-c", "DO $$ BEGIN FOR i IN 1..200 LOOP INSERT INTO t VALUES (i); COMMIT; PERFORM pg_sleep(0.02); END LOOP; END $$"]);
        var writes = (await UntilAsync(server, lines => lines[1].State == CheckState.Fail))[1];
        Assert.Matches(@"^\d+ transactions within 1\.5 s", writes.Found);
        (await writer).Succeeded();
    }

    [Fact]
    public async Task A_single_row_by_a_session_that_comes_and_goes_is_seen_at_once()
    {
        await using var server = await StartAsync();
        await server.ExecuteAsync("postgres", "CREATE TABLE t (n int);");
        await QuietAsync(server);
        var check = LinesAsync(server);
        await Eventually.HoldsAsync("the check has counted once", async () =>
            await server.QueryAsync("postgres", "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND query LIKE '%pg_stat_database%' AND pid <> pg_backend_pid()") != "0");
        await server.QueryAsync("postgres", "INSERT INTO t VALUES (1)");
        Assert.Equal(CheckState.Fail, (await check)[1].State);
    }

    [Fact]
    public async Task A_prepared_transaction_is_named()
    {
        await using var server = await StartAsync("max_prepared_transactions=5");
        await server.ExecuteAsync("postgres", "CREATE TABLE t (n int); BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'left-behind';");
        var line = (await LinesAsync(server))[2];
        Assert.Equal(CheckState.Fail, line.State);
        Assert.StartsWith("1: left-behind of postgres in postgres, since ", line.Found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_base_backup_that_runs_is_told_from_sessions()
    {
        await using var server = await StartAsync("wal_level=replica", "max_wal_senders=3");
        await server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 20) AS pad FROM generate_series(1, 20000) n;");
        using var backup = Command.Start(server.Program("pg_basebackup"), ["-D", "-", "-Ft", "-X", "none", "-c", "fast", "--max-rate=64k"], server.Environs("postgres"));
        backup.StandardInput.Close();
        _ = backup.StandardOutput.BaseStream.CopyToAsync(Stream.Null, Cancellation);
        var lines = await UntilAsync(server, lines => lines[3].State == CheckState.Fail);
        Assert.Contains("base backup, pg_basebackup", lines[3].Found, StringComparison.Ordinal);
        Assert.Equal(CheckState.Pass, lines[0].State);
        backup.Kill();
    }

    [Theory]
    [InlineData("SELECT 0", CheckState.Pass)]
    [InlineData("SELECT 0.00::numeric", CheckState.Pass)]
    [InlineData("SELECT false", CheckState.Pass)]
    [InlineData("SELECT NULL::int", CheckState.Pass)]
    [InlineData("SELECT 1 WHERE false", CheckState.Pass)]
    [InlineData("SELECT count(*) FROM signed_in", CheckState.Fail)] // the search path is the user's own
    [InlineData("SELECT string_agg(who, ' ') FROM signed_in", CheckState.Fail)]
    [InlineData("SELECT true", CheckState.Fail)]
    [InlineData("DELETE FROM signed_in RETURNING 0", CheckState.Unknown)]
    [InlineData("SELECT nonsense", CheckState.Unknown)]
    [InlineData("SELECT 0 FROM pg_sleep(6)", CheckState.Unknown)]
    public async Task Questions_of_the_profile_are_judged_by_their_first_value(string sql, CheckState expected)
    {
        await using var server = await StartAsync();
        await server.ExecuteAsync("postgres", "CREATE ROLE shop; CREATE DATABASE shop OWNER shop;");
        await server.ExecuteAsync("shop", "SET ROLE shop; CREATE TABLE signed_in (who text); INSERT INTO signed_in VALUES ('ada'), ('bob');");
        var line = (await LinesAsync(server, settings => settings with { Questions = [new PostgresQuestion("users", "shop", sql)] }))[^1];
        Assert.Equal(("users", expected), (line.Question, line.State));
        Assert.Equal("2", await server.QueryAsync("shop", "SELECT count(*) FROM signed_in"));
    }

    [Fact]
    public async Task Who_may_not_see_the_sessions_of_others_does_not_know()
    {
        await using var server = await StartAsync();
        await server.ExecuteAsync("postgres", "CREATE ROLE weak LOGIN; CREATE ROLE watcher LOGIN IN ROLE pg_read_all_stats;");
        using var session = await SessionAsync(server, "SELECT 1;");
        var line = (await LinesAsync(server, settings => settings with { User = "weak" }))[0];
        Assert.Equal(CheckState.Unknown, line.State);
        Assert.Contains("pg_read_all_stats", line.Hint, StringComparison.Ordinal);
        Assert.Equal(CheckState.Warn, (await LinesAsync(server, settings => settings with { User = "watcher" }))[0].State);
    }

    [Fact]
    public async Task A_server_that_is_down_is_unknown_once()
    {
        await using var server = await StartAsync();
        (await server.StopServerAsync()).Succeeded();
        var line = Assert.Single(await LinesAsync(server));
        Assert.Equal((CheckState.Unknown, Catalogue.PostgresUnreachable.Hint), (line.State, line.Hint));
    }

    private static Task<PostgresServer> StartAsync(params string[] settings) => PostgresServer.StartAsync(new PostgresServerOptions { Settings = ["autovacuum=off", .. settings] });

    private static async Task<IReadOnlyList<CheckLine>> LinesAsync(PostgresServer server, Func<PostgresSettings, PostgresSettings>? change = null)
    {
        var settings = Cluster.Here(server);
        var component = Cluster.ComponentOf(change?.Invoke(settings) ?? settings);
        return (await new CheckRun([component.Check], TimeSpan.FromSeconds(10), TimeProvider.System).RunAsync([], Cancellation)).Lines;
    }

    /// <summary>Looks until the server has come to rest: a session takes a moment to go.</summary>
    private static Task<IReadOnlyList<CheckLine>> QuietAsync(PostgresServer server) => UntilAsync(server, lines => lines.All(line => line.State is CheckState.Pass or CheckState.Warn));

    private static async Task<IReadOnlyList<CheckLine>> UntilAsync(PostgresServer server, Func<IReadOnlyList<CheckLine>, bool> holds)
    {
        for (var left = 5; ; left--)
        {
            var lines = await LinesAsync(server);
            if (holds(lines)) return lines;
            Assert.True(left > 0, $"Still: {string.Join('\n', lines)}");
        }
    }

    /// <summary>A psql that has done something and stays.</summary>
    private static async Task<Process> SessionAsync(PostgresServer server, string sql, bool answered = true)
    {
        var psql = Command.Start(server.Program("psql"), ["-XAtq"], server.Environs("postgres"));
        await psql.StandardInput.WriteLineAsync(sql.AsMemory(), Cancellation);
        await psql.StandardInput.FlushAsync(Cancellation);
        if (answered) await psql.StandardOutput.ReadLineAsync(Cancellation);
        return psql;
    }

    private static async Task EndAsync(Process session)
    {
        session.StandardInput.Close();
        await session.WaitForExitAsync(Cancellation);
    }
}
