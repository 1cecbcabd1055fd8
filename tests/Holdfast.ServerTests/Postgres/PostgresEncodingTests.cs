using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
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

    /// <summary>Who may make roles can do the same; pg_dumpall fails at it.</summary>
    [Theory]
    [InlineData("postgres")]
    [InlineData("bytes")]
    public async Task A_role_whose_name_is_not_UTF_8_is_told_and_the_others_are_captured_as_pg_dumpall_does(string maintenance)
    {
        await using var rig = await Rig.MakeAsync();
        await using var server = await PostgresServer.StartAsync();
        var place = Place(server, "place");
        await server.ExecuteAsync("postgres", $""""
            CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'it''s' CONNECTION LIMIT 7 VALID UNTIL '2031-05-06 07:08:09+00';
            CREATE ROLE "café \ ""q""" NOINHERIT CREATEDB CREATEROLE BYPASSRLS REPLICATION; COMMENT ON ROLE boss IS 'a \ ''comment''';
            GRANT "café \ ""q""" TO boss WITH ADMIN OPTION; GRANT pg_read_all_data TO "café \ ""q""";
            ALTER ROLE boss SET search_path TO app, "$user"; ALTER ROLE boss SET work_mem TO '9MB'; ALTER ROLE boss SET my.word TO 'a''b\c';
            GRANT SET ON PARAMETER log_statement TO boss;
            CREATE TABLESPACE fast OWNER boss LOCATION '{place}' WITH (seq_page_cost = 2); GRANT CREATE ON TABLESPACE fast TO PUBLIC; COMMENT ON TABLESPACE fast IS 'ssd';
            CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';
            CREATE DATABASE theirs; GRANT CONNECT ON DATABASE theirs TO boss; ALTER ROLE boss IN DATABASE theirs SET work_mem TO '8MB';
            """");
        var globals = await GlobalsAsync(server, place);
        await server.ExecuteAsync("bytes", @"DO $$ BEGIN
            EXECUTE format('CREATE ROLE %I', E'odd\xe9'); EXECUTE format('ALTER DATABASE theirs OWNER TO %I', E'odd\xe9'); EXECUTE format('GRANT boss TO %I', E'odd\xe9');
            EXECUTE format('ALTER ROLE %I SET work_mem TO 1024', E'odd\xe9'); EXECUTE format('ALTER ROLE %I IN DATABASE theirs SET work_mem TO 1024', E'odd\xe9');
            EXECUTE format('GRANT CREATE ON DATABASE postgres TO %I', E'odd\xe9'); EXECUTE format('ALTER DATABASE postgres SET my.word TO %L', E'\xe9'); END $$;");
        var cluster = new Cluster(server, rig, new PostgresSettings { Maintenance = maintenance, Exclude = ["bytes"] });
        var taken = await cluster.CaptureAsync();
        var told = Assert.Single(taken.Said.Warnings, warned => warned.Code == "HF-PG-NAME");
        Assert.StartsWith("The role \"odd\\xE9\" of main has a name that is not UTF-8", told.Message, StringComparison.Ordinal);
        foreach (var left in new[] { "Its owner (\"odd\\xE9\")", "The role that has the right CREATE (\"odd\\xE9\")", "A setting (\"my.word=\\xE9\")", "The role that has work_mem set (\"odd\\xE9\")" })
            Assert.Contains(taken.Record.Omissions!, omitted => omitted.Why.StartsWith(left, StringComparison.Ordinal));

        await using var other = await PostgresServer.StartAsync();
        var elsewhere = Place(other, "place");
        var script = (await cluster.ReadAsync(taken, DumpPath.Globals)).Split('\n');
        await other.ExecuteAsync("postgres", string.Join('\n', script.Where(line => line != "CREATE ROLE postgres;")).Replace(place, elsewhere, StringComparison.Ordinal));
        Assert.Equal(globals, await GlobalsAsync(other, elsewhere));

        // The database comes back, and its owner does not.
        await cluster.RestoreAsync(taken, databases: "theirs");
        Assert.Equal("postgres", await server.QueryAsync("postgres", "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'theirs'"));
    }

    /// <summary>A folder of the server's user.</summary>
    private static string Place(PostgresServer server, string name)
    {
        var path = Path.Join(server.Folder, name);
        using var made = System.Diagnostics.Process.Start("install", ["-d", "-o", "postgres", path]);
        made.WaitForExit();
        return path;
    }

    /// <summary>What pg_dumpall writes, without its comments, in the order of the alphabet.</summary>
    private static async Task<string> GlobalsAsync(PostgresServer server, string place)
    {
        var dumped = (await server.RunAsync("pg_dumpall", ["--globals-only", "--database=postgres"])).Succeeded().Output.Split('\n');
        return string.Join('\n', dumped.Where(line => line.Length > 0 && line[0] is not ('-' or '\\')).Order(StringComparer.Ordinal)).Replace(place, "PLACE", StringComparison.Ordinal);
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
