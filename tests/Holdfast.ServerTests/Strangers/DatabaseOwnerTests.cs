using Holdfast.Components.Postgres;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>What the owner of a database may try while a superuser backs it up, checks it and restores it.</summary>
public sealed class DatabaseOwnerTests(DatabaseOwnerServer fixture) : IClassFixture<DatabaseOwnerServer>
{
    private readonly PostgresServer _server = fixture.Server;

    [Fact]
    public async Task Nothing_that_a_database_sets_for_its_sessions_reaches_ours()
    {
        using var folder = new TempFolder();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE led OWNER app;");
        await fixture.AsAppAsync("led", $"""
            CREATE SCHEMA evil; SET search_path = evil; {DatabaseOwnerServer.Trap} RESET search_path;
            CREATE FUNCTION evil.version() RETURNS text LANGUAGE sql AS $$ SELECT pg_catalog.version() FROM (SELECT evil.trap()) t $$;
            CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.trap() AND $1 OPERATOR(pg_catalog.=) $2 $$;
            CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
            CREATE FUNCTION evil.same(name, text) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.trap() AND $1 OPERATOR(pg_catalog.=) $2 $$;
            CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.same);
            CREATE FUNCTION evil.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT pg_catalog.unnest($1) WHERE evil.trap() $$;
            CREATE TABLE public.t (id serial PRIMARY KEY, v text); INSERT INTO public.t (v) VALUES ('a'), ('b');
            ALTER DATABASE led SET search_path = evil, pg_catalog, public;
            ALTER DATABASE led SET role = app;
            ALTER DATABASE led SET default_transaction_read_only = on;
            ALTER DATABASE led SET statement_timeout = '1ms';
            ALTER DATABASE led SET datestyle = 'German';
            """);
        var before = _server.Log.Length;
        var cluster = new Cluster(_server, new FolderDump(folder.Path), new PostgresSettings { Databases = ["led"] });
        var face = await FaceAsync();
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "led");

        Assert.Equal(face, await FaceAsync());
        Assert.False(fixture.IsTrapped);
        var begun = _server.Log[before..].Split('\n').Select(line => line.Split('|', 4))
            .Where(parts => parts is ["holdfast", _, _, var text] && (text.Contains("statement: ", StringComparison.Ordinal) || text.Contains("execute ", StringComparison.Ordinal)))
            .GroupBy(parts => parts[1], StringComparer.Ordinal).ToList();
        Assert.NotEmpty(begun);
        Assert.All(begun, session => Assert.Contains("SELECT pg_catalog.set_config(s.name", session.First()[3], StringComparison.Ordinal));

        async Task<string> FaceAsync() => (await _server.RunAsync("psql", ["-XAtq", "-c", "SET search_path = public; SET role = none; SELECT json_agg(t ORDER BY id), (SELECT setconfig FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.setdatabase WHERE d.datname OPERATOR(pg_catalog.=) 'led') FROM public.t"], "led")).Output;
    }

    [Fact]
    public async Task A_sequence_that_becomes_a_view_while_the_dump_runs_is_never_read_as_one()
    {
        using var folder = new TempFolder();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE swapped OWNER app;");
        await fixture.AsAppAsync("swapped", DatabaseOwnerServer.Trap + """
            CREATE TABLE t (a int); INSERT INTO t VALUES (1);
            CREATE SEQUENCE used; SELECT nextval('used'); CREATE SEQUENCE unused START 7;
            """);
        var isSwapped = false;
        var dump = new FolderDump(folder.Path)
        {
            OnAdd = async path =>
            {
                if (isSwapped || !path.EndsWith(".copy", StringComparison.Ordinal)) return;
                isSwapped = true;
                await fixture.AsAppAsync("swapped", """
                    DROP SEQUENCE used; CREATE VIEW used AS SELECT 5::bigint AS last_value, trap() AS is_called;
                    DROP SEQUENCE unused; CREATE VIEW unused AS SELECT 5::bigint AS last_value, trap() AS is_called;
                    """);
            },
        };
        var cluster = new Cluster(_server, dump, new PostgresSettings { Databases = ["swapped"] });
        await Assert.ThrowsAsync<Engine.Problems.ProblemException>(() => cluster.CaptureAsync());
        Assert.True(isSwapped);
        Assert.False(fixture.IsTrapped);
    }
}
