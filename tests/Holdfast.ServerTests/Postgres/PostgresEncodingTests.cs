using Holdfast.Components.Postgres;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

public sealed class PostgresEncodingTests
{
    /// <summary>Who may make a database can give it any bytes as its name; nothing that a session in UTF-8 can say asks for it.</summary>
    [Theory]
    [InlineData("postgres")]
    [InlineData("bytes")]
    public async Task A_database_whose_name_is_not_UTF_8_is_told_and_the_others_are_captured(string maintenance)
    {
        await using var rig = await Rig.MakeAsync();
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("postgres", "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';");
        foreach (var name in new[] { "odd", "caf\u00e9 \\" }) await server.ExecuteAsync("postgres", $"CREATE DATABASE \"{name}\";");
        await server.ExecuteAsync("bytes", @"DO $$ BEGIN EXECUTE format('ALTER DATABASE odd RENAME TO %I', E'odd\xe9'); END $$;");
        var cluster = new Cluster(server, rig, new PostgresSettings { Maintenance = maintenance });
        var taken = await cluster.CaptureAsync();
        var told = Assert.Single(taken.Said.Warnings, warned => warned.Exit != ExitCode.Success);
        Assert.Equal(("HF-PG-NAME", "The database \"odd\\xE9\" has a name that is not UTF-8, so it is not dumped."), (told.Code, told.Message));
        Assert.Equal((3L, told.Message), (taken.Record.Counts["databases"], Assert.Single(taken.Record.Omissions!).Why));
        await cluster.RestoreAsync(taken, databases: "caf\u00e9 \\");
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("bytes")]
    public async Task A_role_whose_name_is_not_UTF_8_ends_the_capture_with_a_problem_that_says_so(string maintenance)
    {
        await using var rig = await Rig.MakeAsync();
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("postgres", "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';");
        await server.ExecuteAsync("bytes", @"DO $$ BEGIN EXECUTE format('CREATE ROLE %I', E'odd\xe9'); END $$;");
        var cluster = new Cluster(server, rig, new PostgresSettings { Maintenance = maintenance });
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.CaptureAsync())).Problem;
        Assert.Contains("UTF", problem.Message, StringComparison.Ordinal);
        Assert.StartsWith("HF-PG-", problem.Code, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LATIN1", "SELECT E'\\xe9\\xfc'")]
    [InlineData("EUC_JP", "SELECT convert_from('\\xe38182e38184', 'UTF8')")]
    [InlineData("SQL_ASCII", "SELECT E'\\xff\\xfe \\x80'")]
    public async Task Rows_and_names_of_other_encodings_keep_their_bytes(string encoding, string value)
    {
        await using var rig = await Rig.MakeAsync();
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("postgres", $"CREATE DATABASE other TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C';");
        await server.ExecuteAsync("other", $"""
            SET client_encoding = '{encoding}'; CREATE TABLE t AS {value}::text AS v;
            DO $$ BEGIN EXECUTE format('CREATE TABLE %I (%1$I int)', (SELECT v FROM t)); END $$;
            """);
        var cluster = new Cluster(server, rig, new PostgresSettings { Databases = ["other"] });
        var face = await cluster.FaceAsync("other");
        var bytes = await server.QueryAsync("other", "SELECT encode(v::bytea, 'escape') FROM t");
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "other");
        Assert.Equal(face, await cluster.FaceAsync("other"));
        Assert.Equal(bytes, await server.QueryAsync("other", "SELECT encode(v::bytea, 'escape') FROM t"));
    }
}
