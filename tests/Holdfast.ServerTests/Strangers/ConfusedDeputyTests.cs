using Holdfast.Components.Postgres.Connection;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Ways of one role to have what others own run with their rights while a superuser restores the database that they share.</summary>
public sealed class ConfusedDeputyTests(DatabaseOwnerServer fixture) : IClassFixture<DatabaseOwnerServer>
{
    private readonly PostgresServer _server = fixture.Server;

    /// <summary>Each way would give "app" another role, which only "victim" and superusers may give.</summary>
    [Fact]
    public async Task No_function_of_one_role_runs_as_its_owner_for_another_role()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", """
            CREATE ROLE victim; CREATE DATABASE deputy; GRANT CREATE ON DATABASE deputy TO app, victim;
            DO $$ BEGIN FOR i IN 0..7 LOOP EXECUTE format('CREATE ROLE way_%s ADMIN victim', i); END LOOP; END $$;
            """);
        await _server.ExecuteAsync("deputy", """
            CREATE FUNCTION public.run_sql(q text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; RETURN true; END $$;
            SET ROLE victim; CREATE SCHEMA vic; GRANT USAGE ON SCHEMA vic TO PUBLIC;
            CREATE FUNCTION vic.run_sql(q text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; RETURN true; END $$;
            CREATE FUNCTION vic.for_few(q text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE q; RETURN true; END $$;
            REVOKE EXECUTE ON FUNCTION vic.for_few FROM PUBLIC; SELECT vic.run_sql('GRANT way_0 TO app');
            """);
        await fixture.AsAppAsync("deputy", """
            CREATE SCHEMA loot;
            CREATE FUNCTION loot.give(way int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT pg_catalog.format('DO $d$ BEGIN GRANT way_%s TO app; EXCEPTION WHEN OTHERS THEN NULL; END $d$', way) $$;
            CREATE FUNCTION loot.lie() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN pg_catalog.current_database() = 'deputy'; END $$;
            CREATE FUNCTION loot.indirect(i int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN vic.run_sql(loot.give(1)); END $$;
            CREATE FUNCTION loot.indexed(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF vic.run_sql(loot.give(2)) THEN RETURN i; END IF; END $$;
            CREATE DOMAIN loot.d AS text CHECK (vic.run_sql(loot.give(3))) CHECK (public.run_sql(loot.give(4)));
            CREATE VIEW loot.v AS SELECT '{x}'::loot.d[] AS x;
            CREATE TABLE loot.t (i int CHECK (loot.indirect(i)) CHECK (vic.run_sql(loot.give(5))) CHECK (loot.lie() OR vic.for_few(loot.give(6))) CHECK (public.run_sql(loot.give(7))));
            INSERT INTO loot.t SELECT generate_series(1, 30); CREATE INDEX ON loot.t (loot.indexed(i));
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["deputy"] });
        var face = await cluster.FaceAsync("deputy");
        await cluster.RestoreAsync(await cluster.CaptureAsync(), overwrite: true, databases: "deputy");
        Assert.Equal("way_0", await _server.QueryAsync("postgres", "SELECT string_agg(roleid::regrole::text, ' ' ORDER BY roleid::regrole::text) FROM pg_auth_members WHERE member = 'app'::regrole"));
        Assert.Equal(face, await cluster.FaceAsync("deputy"));
    }

    /// <summary>
    /// A dump makes functions before it says who may call them, and rights before the policies and triggers that limit
    /// them. Who has connected is the superuser who restores.
    /// </summary>
    [Fact]
    public async Task No_function_of_a_role_meets_a_database_that_guards_less_than_the_platform_did()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", """
            CREATE ROLE keeper; CREATE ROLE trusted; CREATE ROLE gain_1; CREATE ROLE gain_2; CREATE ROLE gain_3; CREATE ROLE gain_4;
            """);
        await _server.ExecuteAsync("postgres", "CREATE DATABASE guarded OWNER app");
        await _server.ExecuteAsync("postgres", "GRANT CREATE ON DATABASE guarded TO keeper");
        await _server.ExecuteAsync("guarded", """
            CREATE SCHEMA admin; GRANT USAGE ON SCHEMA admin TO PUBLIC;
            CREATE FUNCTION admin.for_few(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE q; RETURN q; END $$;
            CREATE FUNCTION public.for_few(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE q; RETURN q; END $$;
            REVOKE ALL ON FUNCTION admin.for_few, public.for_few FROM PUBLIC; GRANT EXECUTE ON FUNCTION admin.for_few TO trusted;
            CREATE FUNCTION public.for_supers(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN RAISE 'for administrators'; END IF; EXECUTE q; RETURN q; END $$;
            SET ROLE keeper; CREATE SCHEMA k; GRANT USAGE ON SCHEMA k TO PUBLIC;
            CREATE TABLE k.accounts (who text, secret text); INSERT INTO k.accounts VALUES ('keeper', 'hidden'), ('app', 'own');
            ALTER TABLE k.accounts ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON k.accounts USING (who = current_user); GRANT ALL ON k.accounts TO app;
            CREATE TABLE k.fixed (i int); INSERT INTO k.fixed VALUES (1); GRANT ALL ON k.fixed TO app;
            CREATE FUNCTION k.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fixed'; END $$;
            CREATE TRIGGER fixed BEFORE UPDATE ON k.fixed FOR EACH ROW EXECUTE FUNCTION k.refuse();
            """);
        await fixture.AsAppAsync("guarded", """
            CREATE SCHEMA a; CREATE TABLE a.loot (t text);
            CREATE FUNCTION a.attempt(q text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $$;
            CREATE FUNCTION a.gain(way int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                RETURN a.attempt(format('SELECT admin.for_few(%L)', format('GRANT gain_%s TO app', way))) AND a.attempt(format('SELECT public.for_few(%L)', format('GRANT gain_%s TO app', way))); END $$;
            CREATE DOMAIN a.d AS int CHECK (a.gain(1)); CREATE VIEW a.v AS SELECT '{1}'::a.d[] AS x;
            CREATE TABLE a.t (i int CHECK (a.gain(2)) CHECK (a.attempt('SELECT public.for_supers($q$GRANT gain_3 TO app$q$)')));
            CREATE FUNCTION a.indexed(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
                PERFORM a.attempt('INSERT INTO a.loot SELECT secret FROM k.accounts WHERE who <> current_user');
                PERFORM a.attempt('UPDATE k.fixed SET i = 2'); RETURN i; END $$;
            INSERT INTO a.t VALUES (1); CREATE INDEX ON a.t (a.indexed(i));
            CREATE MATERIALIZED VIEW a.m AS SELECT count(*) AS seen FROM k.accounts;
            CREATE VIEW a.bait AS SELECT true AS x; GRANT SELECT ON a.bait TO PUBLIC; GRANT USAGE ON SCHEMA a TO PUBLIC;
            """);
        await _server.ExecuteAsync("guarded", """
            CREATE MATERIALIZED VIEW admin.baited AS SELECT * FROM a.bait; SET ROLE keeper; CREATE MATERIALIZED VIEW k.baited AS SELECT * FROM a.bait;
            """);
        await fixture.AsAppAsync("guarded", """
            CREATE FUNCTION a.bite() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                RETURN a.attempt('GRANT gain_4 TO app') AND a.attempt('INSERT INTO a.loot SELECT secret FROM k.accounts WHERE who <> $q$app$q$'); END $$;
            CREATE OR REPLACE VIEW a.bait AS SELECT a.bite() AS x; GRANT INSERT ON a.loot TO PUBLIC;
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["guarded"] });
        var point = await cluster.CaptureAsync();

        await cluster.RestoreAsync(point, overwrite: true, databases: "guarded");

        const string Gained = "SELECT count(*) FROM pg_auth_members WHERE member = 'app'::regrole AND starts_with(roleid::regrole::text, 'gain')";
        Assert.Equal("0", await _server.QueryAsync("postgres", Gained));
        const string Seen = "SELECT (SELECT count(*) FROM a.loot), (SELECT i FROM k.fixed), seen FROM a.m";
        Assert.Equal("0|1|1", await _server.QueryAsync("guarded", Seen));
        const string Rights = "SELECT has_table_privilege('app', 'k.accounts', 'INSERT'), has_table_privilege('app', 'k.fixed', 'UPDATE')";
        Assert.Equal("t|t", await _server.QueryAsync("guarded", Rights));
    }

    /// <summary>Nothing of this is an attack: it must be restored, and each function must have its owner and its rights again.</summary>
    [Fact]
    public async Task A_database_of_several_owners_who_use_each_others_functions_is_restored_as_it_was()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE ROLE one; CREATE ROLE two; CREATE ROLE reader; CREATE DATABASE several; GRANT CREATE ON DATABASE several TO one, two;");
        await _server.ExecuteAsync("several", """
            CREATE FUNCTION public.positive(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 0'; CREATE TABLE public.own (i int CHECK (positive(i))); INSERT INTO public.own VALUES (1);
            SET ROLE one; CREATE SCHEMA one; GRANT USAGE ON SCHEMA one TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO reader;
            CREATE TABLE one.limits (most int); INSERT INTO one.limits VALUES (1000);
            CREATE FUNCTION one.helper(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 + 1; END $$;
            CREATE FUNCTION one.shift(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN one.helper($1); END $$;
            CREATE FUNCTION one.below(int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN $1 < (SELECT most FROM one.limits); END $$;
            CREATE FUNCTION one.same(int, int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 = $2; END $$;
            CREATE OPERATOR one.=== (FUNCTION = one.same, LEFTARG = int, RIGHTARG = int);
            CREATE FUNCTION one.step(int, int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 + $2; END $$;
            CREATE AGGREGATE one.total(int) (SFUNC = one.step, STYPE = int, INITCOND = '0');
            CREATE DOMAIN one.small AS int CHECK (one.shift(VALUE) < 1000); CREATE VIEW one.v AS SELECT '{5}'::one.small[] AS x;
            CREATE FUNCTION one.closed(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) = 1 FROM one.limits); END $$; REVOKE EXECUTE ON FUNCTION one.closed FROM PUBLIC;
            CREATE TABLE one.t (i int CHECK (one.closed(i))); INSERT INTO one.t VALUES (1);
            RESET ROLE; SET ROLE two; CREATE SCHEMA two;
            CREATE FUNCTION two.totals(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT one.total(x) = 6 FROM (VALUES (1), (2), (3)) v(x)); END $$;
            GRANT EXECUTE ON FUNCTION two.totals TO reader;
            CREATE TABLE two.t (i one.small PRIMARY KEY CHECK (one.below(i)) CHECK (i OPERATOR(one.===) i) CHECK (two.totals(i)), g int GENERATED ALWAYS AS (one.shift(i)) STORED);
            INSERT INTO two.t SELECT generate_series(1, 20); CREATE INDEX ON two.t (one.shift(g)); CREATE MATERIALIZED VIEW two.m AS SELECT one.total(g) AS total FROM two.t;
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["several"] });
        var face = await cluster.FaceAsync("several");
        var rights = await RightsAsync();
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "several");
        Assert.Equal(face, await cluster.FaceAsync("several"));
        Assert.Equal(rights, await RightsAsync());
        Assert.Equal("0", await _server.QueryAsync("several", "SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, 'holdfast')"));

        Task<string> RightsAsync() => _server.QueryAsync("several", "SELECT p.oid::regprocedure, proowner::regrole, proacl, prosecdef FROM pg_proc p WHERE oid >= 16384 ORDER BY p.oid::regprocedure::text");
    }
}
