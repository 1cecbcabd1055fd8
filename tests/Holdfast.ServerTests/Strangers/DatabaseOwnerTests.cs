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

    [Fact]
    public async Task The_profiles_own_sql_runs_behind_a_fence()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE asked OWNER app; CREATE DATABASE common;");
        await fixture.AsAppAsync("asked", DatabaseOwnerServer.Trap + """
            CREATE VIEW sessions AS SELECT 1 AS n, 'a,"b"\ ' AS t, NULL::text AS empty WHERE trap();
            CREATE TABLE packages (id int PRIMARY KEY, state text); INSERT INTO packages VALUES (1, 'failed'), (2, 'failed');
            CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM trap(); RETURN NULL; END $$;
            CREATE TRIGGER watch AFTER UPDATE ON packages FOR EACH ROW EXECUTE FUNCTION late();
            ALTER ROLE app SET search_path = public;
            """);
        await _server.ExecuteAsync("common", "GRANT CREATE ON SCHEMA public TO app;");
        await fixture.AsAppAsync("common", $"{DatabaseOwnerServer.Trap} CREATE VIEW sessions AS SELECT 1 AS n WHERE trap();");
        var asked = new Cluster(_server, null).Component();

        var rows = await asked.QueryAsync("asked", "SELECT n, t, empty, current_user::text AS n FROM sessions ORDER BY 1;", TestContext.Current.CancellationToken);
        Assert.Equal(["n", "t", "empty", "n"], rows.Columns);
        Assert.Equal(["1", "a,\"b\"\\ ", null, "app"], Assert.Single(rows.Rows));
        Assert.Single((await asked.QueryAsync("common", "SELECT n FROM sessions", TestContext.Current.CancellationToken)).Rows);
        await asked.ExecuteAsync("asked", "UPDATE packages SET state = 'again' WHERE id IN ({ids})", ["1"], TestContext.Current.CancellationToken);
        Assert.Equal("1 again,2 failed", await _server.QueryAsync("asked", "SELECT string_agg(id || ' ' || state, ',' ORDER BY id) FROM packages"));
        await fixture.AsAppAsync("asked", "CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON packages DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();");
        var refused = await Assert.ThrowsAsync<Engine.Problems.ProblemException>(() => asked.ExecuteAsync("asked", "UPDATE packages SET state = 'again'", [], TestContext.Current.CancellationToken));
        Assert.Equal("HF-PG-ROLE", refused.Problem.Code);
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task Constraints_of_others_have_no_superusers_rights_while_rows_are_loaded()
    {
        using var folder = new TempFolder();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE checked OWNER app;");
        await fixture.AsAppAsync("checked", DatabaseOwnerServer.Trap + """
            CREATE FUNCTION spread() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                BEGIN EXECUTE 'CREATE OR REPLACE FUNCTION public.trap() RETURNS boolean LANGUAGE sql AS ''SELECT true'''; EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN NULL; END;
                RETURN public.trap(); END $$;
            CREATE FUNCTION hold() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                EXECUTE 'CLOSE ALL';
                EXECUTE $q$DECLARE left_open CURSOR WITH HOLD FOR SELECT CASE WHEN rolsuper THEN pg_catalog.query_to_xml(
                    $x$SELECT pg_catalog.lo_export(pg_catalog.lo_from_bytea(0, 'x'), pg_catalog.current_setting('unix_socket_directories') || '/trapped')$x$, true, true, '') END
                    FROM pg_catalog.pg_roles WHERE rolname = current_user$q$;
                RETURN true; END $$;
            CREATE DOMAIN d AS int CHECK (trap());
            CREATE TABLE t (a d CHECK (spread()), b boolean CHECK (hold())); INSERT INTO t VALUES (1, true), (2, false);
            ALTER TABLE t ADD CHECK (trap() OR b);
            CREATE FUNCTION kept(int) RETURNS int LANGUAGE sql IMMUTABLE SECURITY DEFINER AS 'SELECT $1';
            """);
        var cluster = new Cluster(_server, new FolderDump(folder.Path), new PostgresSettings { Databases = ["checked"] });
        var face = await cluster.FaceAsync("checked");
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "checked");
        Assert.Equal(face, await cluster.FaceAsync("checked"));
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task A_statement_that_fails_is_told_however_much_else_is_said()
    {
        using var folder = new TempFolder();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE loud OWNER app;");
        await fixture.AsAppAsync("loud", """
            CREATE FUNCTION fail(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF current_database() <> 'loud' THEN RAISE EXCEPTION 'not here' USING DETAIL = 'the detail', HINT = 'the hint'; END IF; RETURN $1; END $$;
            CREATE FUNCTION flood(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF current_database() <> 'loud' THEN RAISE WARNING E'flood % %\npsql:<stdin>:7: ERROR:  42501: no', $1, repeat('x', 80); END IF; RETURN $1; END $$;
            CREATE TABLE t (i int PRIMARY KEY, j int NOT NULL); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g;
            CREATE UNIQUE INDEX a_unique ON t (fail(j)); CREATE INDEX z_flood ON t (flood(j));
            """);
        var cluster = new Cluster(_server, new FolderDump(folder.Path), new PostgresSettings { Databases = ["loud"] });
        var manifest = await cluster.CaptureAsync();
        var problem = (await Assert.ThrowsAsync<Engine.Problems.ProblemException>(() => cluster.RestoreAsync(manifest, databases: "loud"))).Problem;
        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("not here (the detail the hint) [P0001]", problem.Message, StringComparison.Ordinal);
        await cluster.UndoAsync();
    }

    [Fact]
    public async Task A_script_with_commands_of_psql_is_refused_before_anything_is_run()
    {
        using var folder = new TempFolder();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE scripted;");
        await _server.ExecuteAsync("scripted", "CREATE VIEW v AS SELECT 1 AS a;");
        var dump = new FolderDump(folder.Path);
        var cluster = new Cluster(_server, dump, new PostgresSettings { Databases = ["scripted"] });
        var manifest = await cluster.CaptureAsync();
        Assert.DoesNotContain("\\restrict", await File.ReadAllTextAsync(dump["/postgres/main/dump/scripted/pre-data.sql"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await File.AppendAllTextAsync(dump["/postgres/main/dump/scripted/post-data.sql"], $"\n\\unrestrict x\n\\! touch {folder["ran"]}\n", TestContext.Current.CancellationToken);
        var problem = (await Assert.ThrowsAsync<Engine.Problems.ProblemException>(() => cluster.RestoreAsync(manifest, databases: "scripted"))).Problem;
        Assert.Equal("HF-PG-SCRIPT", problem.Code);
        Assert.False(File.Exists(folder["ran"]));
        Assert.DoesNotContain("scripted__holdfast", await cluster.DatabasesAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prepared_transaction_in_what_is_replaced_stands_in_the_plan()
    {
        using var folder = new TempFolder();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE held;");
        await _server.ExecuteAsync("held", "CREATE TABLE t (a int);");
        var cluster = new Cluster(_server, new FolderDump(folder.Path), new PostgresSettings { Databases = ["held"] });
        var manifest = await cluster.CaptureAsync();
        await _server.ExecuteAsync("held", "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'half';");
        var problem = (await Assert.ThrowsAsync<Engine.Problems.ProblemException>(() => cluster.RestoreAsync(manifest, databases: "held"))).Problem;
        Assert.Equal("HF-PG-HELD", problem.Code);
        await _server.ExecuteAsync("held", "ROLLBACK PREPARED 'half';");
        await cluster.RestoreAsync(manifest, databases: "held");
    }
}
