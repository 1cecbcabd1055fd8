using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
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
            ALTER DATABASE led SET idle_session_timeout = '1ms';
            ALTER DATABASE led SET datestyle = 'German';
            """);
        var before = _server.Log.Length;
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["led"] });
        var face = await FaceAsync();
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "led");

        Assert.Equal(face, await FaceAsync());
        Assert.False(fixture.IsTrapped);
        var begun = _server.Log[before..].Split('\n').Select(line => line.Split('|', 4))
            .Where(parts => parts is ["holdfast", _, _, var text] && (text.Contains("statement: ", StringComparison.Ordinal) || text.Contains("execute ", StringComparison.Ordinal)))
            .GroupBy(parts => parts[1], StringComparer.Ordinal).ToList();
        Assert.NotEmpty(begun);
        Each.Holds(begun, session => Assert.Contains("SELECT pg_catalog.set_config(s.name", session.First()[3], StringComparison.Ordinal));

        // With the database's own settings the session of psql would end before it has answered.
        async Task<string> FaceAsync()
        {
            const string question = """
                SELECT json_agg(t ORDER BY id), (
                    SELECT json_agg(one ORDER BY one) FROM pg_db_role_setting s, unnest(s.setconfig) one
                    WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())) FROM public.t
                """;
            const string options = "-c search_path=public -c role=none -c statement_timeout=0 -c idle_session_timeout=0";
            var environs = new Dictionary<string, string?>(_server.Environs("led"), StringComparer.Ordinal) { ["PGOPTIONS"] = options };
            var asked = await Command.RunAsync(_server.Program("psql"), ["-XAtq", "-c", question], environs);
            Assert.NotEmpty(asked.Succeeded().Output);
            return asked.Output;
        }
    }

    [Fact]
    public async Task Nobody_else_gets_into_a_database_while_it_is_filled()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE filled OWNER app; ALTER DATABASE filled CONNECTION LIMIT 7;");
        // The row is not loaded before there is a role "enough".
        await fixture.AsAppAsync("filled", """
            CREATE FUNCTION wait() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                FOR i IN 1..6000 LOOP
                    EXIT WHEN pg_catalog.current_database() = 'filled' OR EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'enough');
                    PERFORM pg_catalog.pg_sleep(0.01);
                END LOOP; RETURN true; END $$;
            CREATE TABLE t (n int CHECK (wait())); INSERT INTO t VALUES (1);
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["filled"] });
        var restoring = cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "filled");
        var filling = "";
        const string loading = "SELECT datname FROM pg_stat_activity WHERE starts_with(datname, 'filled__holdfast_') AND query LIKE 'COPY%' AND wait_event = 'PgSleep'";
        await Eventually.HoldsAsync("the row is loaded", async () => (filling = await _server.QueryAsync("postgres", loading)).Length > 0);
        var refused = await _server.RunAsync("psql", ["-XAtq", "-U", "app", "-c", "BEGIN; LOCK TABLE t"], filling);
        Assert.Contains("too many connections for database", refused.Errors, StringComparison.Ordinal);
        await _server.ExecuteAsync("postgres", "CREATE ROLE enough;");
        await restoring;
        Assert.Equal("7", await _server.QueryAsync("postgres", "SELECT datconnlimit FROM pg_database WHERE datname = 'filled'"));
        await fixture.AsAppAsync("filled", "INSERT INTO t VALUES (2);");
    }

    [Fact]
    public async Task A_sequence_that_becomes_a_view_while_the_dump_runs_is_never_read_as_one()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE swapped OWNER app;");
        await fixture.AsAppAsync("swapped", DatabaseOwnerServer.Trap + """
            CREATE TABLE t (a int); INSERT INTO t VALUES (1);
            CREATE SEQUENCE used; SELECT nextval('used'); CREATE SEQUENCE unused START 7; SELECT lo_create(0);
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["swapped"] });
        Task<TakenPoint> capturing;
        await using (var gate = await LargeObjectGate.CloseAsync(_server, "swapped"))
        {
            capturing = cluster.CaptureAsync();
            await gate.WaitAsync();
            await fixture.AsAppAsync("swapped", """
                DROP SEQUENCE used; CREATE VIEW used AS SELECT 5::bigint AS last_value, trap() AS is_called;
                DROP SEQUENCE unused; CREATE VIEW unused AS SELECT 5::bigint AS last_value, trap() AS is_called;
                """);
        }
        var refused = await Assert.ThrowsAsync<ProblemException>(() => capturing);
        Assert.Contains("sequences of database", refused.Problem.Message, StringComparison.Ordinal);
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task The_profiles_own_sql_runs_behind_a_fence()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE asked OWNER app;");
        await fixture.AsAppAsync("asked", DatabaseOwnerServer.Trap + """
            CREATE VIEW sessions AS SELECT 1 AS n, 'a,"b"\ ' AS t, NULL::text AS empty WHERE trap();
            CREATE TABLE packages (id int PRIMARY KEY, state text); INSERT INTO packages VALUES (1, 'failed'), (2, 'failed');
            CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM trap(); RETURN NULL; END $$;
            CREATE TRIGGER watch AFTER UPDATE ON packages FOR EACH ROW EXECUTE FUNCTION late();
            ALTER ROLE app SET search_path = public;
            """);
        var asked = Cluster.ComponentOf(Cluster.Here(_server));

        var rows = await asked.QueryAsync("asked", "SELECT n, t, empty, current_user::text AS n FROM sessions ORDER BY 1;", TestContext.Current.CancellationToken);
        Assert.Equal(["n", "t", "empty", "n"], rows.Columns);
        Assert.Equal(["1", "a,\"b\"\\ ", null, "app"], Assert.Single(rows.Rows));
        await asked.ExecuteAsync("asked", "UPDATE packages SET state = 'again' WHERE id IN ({ids})", ["1"], TestContext.Current.CancellationToken);
        Assert.Equal("1 again,2 failed", await _server.QueryAsync("asked", "SELECT string_agg(id || ' ' || state, ',' ORDER BY id) FROM packages"));
        await fixture.AsAppAsync("asked", "CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON packages DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();");
        await asked.ExecuteAsync("asked", "UPDATE packages SET state = 'later'", [], TestContext.Current.CancellationToken);
        Assert.Equal("1 later,2 later", await _server.QueryAsync("asked", "SELECT string_agg(id || ' ' || state, ',' ORDER BY id) FROM packages"));
        Assert.False(fixture.IsTrapped);
    }

    /// <summary>Whatever a role may read, the functions in a stranger's view may read when that role reads the view.</summary>
    [Fact]
    public async Task Where_a_superuser_owns_the_database_the_profiles_own_sql_needs_a_role_that_the_profile_names()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE common;");
        await _server.ExecuteAsync("common", "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE VIEW own AS SELECT 'of a superuser alone' AS words;");
        var alone = Cluster.ComponentOf(Cluster.Here(_server));
        Assert.Single((await alone.QueryAsync("common", "SELECT words FROM own", TestContext.Current.CancellationToken)).Rows);
        await _server.ExecuteAsync("common", "GRANT CREATE ON SCHEMA public TO app; CREATE TABLE secret (s text); INSERT INTO secret VALUES ('of others');");
        await fixture.AsAppAsync("common", """
            CREATE FUNCTION peek(name text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE found text; BEGIN
                EXECUTE pg_catalog.format('SELECT pg_catalog.min(t::text) FROM %s t', name) INTO found; RETURN found; EXCEPTION WHEN insufficient_privilege THEN RETURN 'refused'; END $$;
            CREATE VIEW sessions AS SELECT peek('public.secret') AS secret, peek('pg_catalog.pg_authid') AS passwords;
            """);
        const string question = "SELECT secret, passwords FROM sessions";
        var refused = await Assert.ThrowsAsync<ProblemException>(() => Cluster.ComponentOf(Cluster.Here(_server)).QueryAsync("common", question, TestContext.Current.CancellationToken));
        Assert.Equal("HF-PG-ROLE", refused.Problem.Code);
        Assert.Contains("'role'", refused.Problem.Hint, StringComparison.Ordinal);
        var asked = Cluster.ComponentOf(Cluster.Here(_server, new PostgresSettings { Role = "app" }));
        Assert.Equal(["refused", "refused"], Assert.Single((await asked.QueryAsync("common", question, TestContext.Current.CancellationToken)).Rows));
    }

    /// <summary>The function of a cast, which a foreign key calls, puts off its own constraint again, and then makes a trigger that would be fired by the same COMMIT.</summary>
    [Fact]
    public async Task No_event_that_the_profiles_own_statement_has_set_off_waits_for_its_end()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE put_off OWNER app;");
        await fixture.AsAppAsync("put_off", DatabaseOwnerServer.Trap + """
            CREATE TABLE packages (id int PRIMARY KEY, state text); INSERT INTO packages VALUES (1, 'failed');
            CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.trap(); RETURN NULL; END $$;
            CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE keys (id int PRIMARY KEY); INSERT INTO keys VALUES (1);
            CREATE FUNCTION cast_e(v e) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
                IF pg_catalog.current_setting('my.stage', true) = '1' THEN
                    PERFORM pg_catalog.set_config('my.stage', '2', false); SET CONSTRAINTS ALL DEFERRED; INSERT INTO public.uses VALUES ('b');
                ELSIF pg_catalog.current_setting('my.stage', true) = '2' THEN
                    PERFORM pg_catalog.set_config('my.stage', '3', false); CREATE TABLE public.made (a int);
                    CREATE CONSTRAINT TRIGGER made AFTER INSERT ON public.made DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.late();
                    INSERT INTO public.made VALUES (1);
                END IF; RETURN 1; END $$;
            CREATE CAST (e AS int) WITH FUNCTION cast_e(e) AS IMPLICIT;
            CREATE TABLE uses (c e REFERENCES keys (id) DEFERRABLE INITIALLY DEFERRED);
            CREATE FUNCTION begin_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.set_config('my.stage', '1', false); INSERT INTO public.uses VALUES ('a'); RETURN NULL; END $$;
            CREATE TRIGGER begin_it AFTER UPDATE ON packages FOR EACH STATEMENT EXECUTE FUNCTION begin_it();
            """);
        var asked = Cluster.ComponentOf(Cluster.Here(_server));
        var refused = await Assert.ThrowsAsync<ProblemException>(() => asked.ExecuteAsync("put_off", "UPDATE packages SET state = 'again'", [], TestContext.Current.CancellationToken));
        Assert.Equal("HF-PG-ROLE", refused.Problem.Code);
        Assert.Equal("failed 0", await _server.QueryAsync("put_off", "SELECT state || ' ' || (SELECT count(*) FROM uses) FROM packages"));
        await fixture.AsAppAsync("put_off", "DROP TRIGGER begin_it ON packages; INSERT INTO uses VALUES ('a');");
        await asked.ExecuteAsync("put_off", "UPDATE packages SET state = 'again'; INSERT INTO uses VALUES ('b')", [], TestContext.Current.CancellationToken);
        Assert.Equal("again 2", await _server.QueryAsync("put_off", "SELECT state || ' ' || (SELECT count(*) FROM uses) FROM packages"));
        Assert.False(fixture.IsTrapped);
    }

    /// <summary>A literal beside a column gets the column's type when the query is analysed, and an array of a domain checks the domain's constraints at once.</summary>
    [Fact]
    public async Task The_profiles_own_sql_is_not_even_analysed_as_superuser()
    {
        await _server.ExecuteAsync("postgres", "CREATE DATABASE analysed OWNER app;");
        await fixture.AsAppAsync("analysed", DatabaseOwnerServer.Trap + """
            CREATE DOMAIN role_name AS text CHECK (trap()); CREATE DOMAIN body AS jsonb;
            CREATE TABLE sessions (id int, roles role_name[], document body); INSERT INTO sessions VALUES (1, '{admin}', '{}');
            """);
        var asked = Cluster.ComponentOf(Cluster.Here(_server));
        var rows = await asked.QueryAsync("analysed", "SELECT count(*) FROM sessions WHERE roles @> '{admin}'", TestContext.Current.CancellationToken);
        Assert.Equal("1", Assert.Single(Assert.Single(rows.Rows)));
        var query = new Engine.Documents.DocumentQuery(default, null, "analysed", "SELECT id, document, 1 AS version FROM sessions WHERE roles @> '{admin}'", "id", "document", "version", null);
        await using var documents = await asked.OpenAsync(query, TestContext.Current.CancellationToken);
        Assert.Equal(1, await documents.CountAsync(TestContext.Current.CancellationToken));
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task Constraints_of_others_have_no_superusers_rights_while_rows_are_loaded()
    {
        await using var rig = await Rig.MakeAsync();
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
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["checked"] });
        var face = await cluster.FaceAsync("checked");
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "checked");
        Assert.Equal(face, await cluster.FaceAsync("checked"));
        Assert.False(fixture.IsTrapped);
    }

    /// <summary>
    /// Each row of the first table, and each look at its index, plants in the session what can be planted there: a search path in which built-in names mean something
    /// else, settings of values, a cursor that stays open, an event of a deferred trigger.
    /// </summary>
    [Fact]
    public async Task What_a_function_of_one_owner_leaves_in_the_session_reaches_no_rows_and_indexes_of_others()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE planted OWNER app; CREATE ROLE neighbour;");
        await _server.ExecuteAsync("planted", "CREATE SCHEMA neighbour AUTHORIZATION neighbour; SET ROLE neighbour; CREATE TABLE neighbour.a (t text, d date, b bytea); INSERT INTO neighbour.a VALUES ('A', '2026-02-01', 'x'); CREATE INDEX ON neighbour.a (lower(t));");
        await fixture.AsAppAsync("planted", DatabaseOwnerServer.Trap + """
            CREATE SCHEMA evil;
            CREATE FUNCTION evil.lower(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'stolen'; END $$;
            CREATE FUNCTION evil.seen(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 7::bigint';
            CREATE AGGREGATE evil.count(*) (SFUNC = evil.seen, STYPE = bigint, INITCOND = '7');
            CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                EXECUTE $q$DECLARE fired CURSOR WITH HOLD FOR SELECT CASE WHEN rolsuper THEN pg_catalog.query_to_xml(
                    $x$SELECT pg_catalog.lo_export(pg_catalog.lo_from_bytea(0, 'x'), pg_catalog.current_setting('unix_socket_directories') || '/trapped')$x$, true, true, '') END
                    FROM pg_catalog.pg_roles WHERE rolname = current_user$q$;
                RETURN NULL; END $$;
            CREATE TABLE late (i int); CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fire();
            CREATE FUNCTION plant() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                IF pg_catalog.current_database() = 'planted' THEN RETURN true; END IF;
                PERFORM pg_catalog.set_config('search_path', 'evil, pg_catalog', false), pg_catalog.set_config('datestyle', 'SQL, DMY', false),
                    pg_catalog.set_config('standard_conforming_strings', 'off', false), pg_catalog.set_config('default_transaction_read_only', 'on', false);
                BEGIN EXECUTE 'CREATE TEMP TABLE a (t text)'; EXCEPTION WHEN OTHERS THEN NULL; END;
                BEGIN EXECUTE 'INSERT INTO public.late VALUES (1)'; EXCEPTION WHEN OTHERS THEN NULL; END;
                RETURN true; END $$;
            CREATE FUNCTION calm(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF public.plant() THEN RETURN 1; END IF; END $$;
            CREATE TABLE first (id serial PRIMARY KEY, v text CHECK (plant()), padding text); INSERT INTO first (v, padding) SELECT 'v', repeat('x', 100) FROM generate_series(1, 30);
            CREATE UNIQUE INDEX ON first ((calm(1) + id)); CREATE TABLE second (id int REFERENCES first (id)); INSERT INTO second VALUES (1);
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["planted"], Workers = 1 });
        var face = await cluster.FaceAsync("planted");
        var taken = await cluster.CaptureAsync();
        await cluster.RestoreAsync(taken, databases: "planted");
        Assert.Equal("t", await _server.QueryAsync("planted", "SELECT count(*) > 30 FROM late"));
        await _server.ExecuteAsync("planted", "TRUNCATE late");
        Assert.Equal(face, await cluster.FaceAsync("planted"));
        Assert.Equal("v", await _server.QueryAsync("planted", "SELECT DISTINCT v FROM first"));
        Assert.Equal("A 2026-02-01 \\x78", await _server.QueryAsync("planted", "SELECT t || ' ' || d::text || ' ' || b::text FROM neighbour.a"));
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task A_statement_that_fails_is_told_however_much_else_is_said()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE loud OWNER app;");
        await fixture.AsAppAsync("loud", """
            CREATE FUNCTION fail(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF current_database() <> 'loud' THEN RAISE EXCEPTION 'not here' USING DETAIL = 'the detail', HINT = 'the hint'; END IF; RETURN $1; END $$;
            CREATE FUNCTION flood(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF current_database() <> 'loud' THEN RAISE WARNING E'flood % %\npsql:<stdin>:7: ERROR:  42501: no', $1, repeat('x', 80); END IF; RETURN $1; END $$;
            CREATE TABLE t (i int PRIMARY KEY, j int NOT NULL); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g;
            CREATE UNIQUE INDEX a_unique ON t (fail(j)); CREATE INDEX z_flood ON t (flood(j));
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["loud"] });
        var taken = await cluster.CaptureAsync();
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(taken, databases: "loud"))).Problem;
        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("not here (the detail the hint) [P0001]", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_with_commands_of_psql_is_refused_before_anything_is_run()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE scripted;");
        await _server.ExecuteAsync("scripted", "CREATE VIEW v AS SELECT 1 AS a;");
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["scripted"] });
        var taken = await cluster.CaptureAsync();
        Assert.DoesNotContain("\\restrict", await cluster.ReadAsync(taken, "scripted/pre-data.sql"), StringComparison.Ordinal);
        var forged = await cluster.ReplaceAsync(taken, "scripted/post-data.sql", script => $"{script}\n\\unrestrict x\n\\! touch {rig["ran"]}\n");
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(forged, databases: "scripted"))).Problem;
        Assert.Equal("HF-PG-SCRIPT", problem.Code);
        Assert.False(File.Exists(rig["ran"]));
        Assert.DoesNotContain("scripted__holdfast", await cluster.DatabasesAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prepared_transaction_in_what_is_replaced_stands_in_the_plan()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE held;");
        await _server.ExecuteAsync("held", "CREATE TABLE t (a int);");
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["held"] });
        var taken = await cluster.CaptureAsync();
        await _server.ExecuteAsync("held", "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'half';");
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(taken, databases: "held"))).Problem;
        Assert.Equal("HF-PG-HELD", problem.Code);
        await _server.ExecuteAsync("held", "ROLLBACK PREPARED 'half';");
        await cluster.RestoreAsync(taken, databases: "held");
    }
}
