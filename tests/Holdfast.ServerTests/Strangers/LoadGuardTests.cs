using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Ways of a database's owner to have his own functions run with the rights of a restore.</summary>
public sealed class LoadGuardTests(DatabaseOwnerServer fixture) : IClassFixture<DatabaseOwnerServer>
{
    private readonly PostgresServer _server = fixture.Server;

    /// <summary>An operator calls what its function is, which the parser refuses elsewhere: a window function, a procedure.</summary>
    [Fact]
    public async Task Every_kind_of_function_runs_as_its_owner_while_rows_are_loaded()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE kinds OWNER app;");
        // The last row is not loaded before there is a role "looked".
        await fixture.AsAppAsync("kinds", DatabaseOwnerServer.Trap + """
            CREATE FUNCTION windowed(int, int) RETURNS boolean LANGUAGE plpgsql WINDOW AS $$ BEGIN RETURN public.trap(); END $$;
            CREATE OPERATOR === (FUNCTION = windowed, LEFTARG = int, RIGHTARG = int);
            CREATE PROCEDURE proceed(int, INOUT boolean) LANGUAGE plpgsql AS $$ BEGIN $2 := public.trap(); END $$;
            CREATE FUNCTION step(boolean, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN public.trap(); END $$;
            CREATE AGGREGATE stepped(int) (SFUNC = step, STYPE = boolean);
            CREATE FUNCTION difference(text, text) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.trap(); RETURN 1; END $$;
            CREATE TYPE span AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = difference);
            CREATE FUNCTION wait() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                FOR i IN 1..6000 LOOP
                    EXIT WHEN pg_catalog.current_database() = 'kinds' OR EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'looked');
                    PERFORM pg_catalog.pg_sleep(0.01);
                END LOOP; RETURN true; END $$;
            CREATE TABLE t (i int CHECK (i === 1), s span CHECK (wait())); INSERT INTO t VALUES (1, '[a,b]');
            CREATE INDEX ON t USING gist (s);
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["kinds"] });
        var face = await cluster.FaceAsync("kinds");
        var restoring = cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "kinds");
        var filling = "";
        const string loading = "SELECT datname FROM pg_stat_activity WHERE starts_with(datname, 'kinds__holdfast_') AND query LIKE 'COPY%' AND wait_event = 'PgSleep'";
        await Eventually.HoldsAsync("the row is loaded", async () => (filling = await _server.QueryAsync("postgres", loading)).Length > 0);
        var unguarded = await _server.QueryAsync(filling, "SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_roles r ON r.oid = proowner WHERE NOT rolsuper AND NOT prosecdef AND prokind <> 'a'");
        var guarded = await _server.QueryAsync(filling, "SELECT string_agg(DISTINCT prokind::text, '' ORDER BY prokind::text) FROM pg_proc p JOIN pg_roles r ON r.oid = proowner WHERE NOT rolsuper AND prosecdef");
        await _server.ExecuteAsync("postgres", "CREATE ROLE looked;");
        await restoring;
        Assert.Equal("", unguarded);
        Assert.Equal("fpw", guarded);
        Assert.Equal(face, await cluster.FaceAsync("kinds"));
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task A_server_that_runs_no_event_triggers_gets_no_rows_of_others()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE unwatched OWNER app;");
        await fixture.AsAppAsync("unwatched", DatabaseOwnerServer.Trap + "CREATE TABLE t (i int CHECK (trap())); INSERT INTO t VALUES (1);");
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["unwatched"] });
        var taken = await cluster.CaptureAsync();
        // What an event trigger would have done is missing where the statement that gives an owner is.
        var forged = await cluster.ReplaceAsync(taken, "unwatched/pre-data.sql", script => script + """

            CREATE OR REPLACE FUNCTION public.freed() RETURNS integer LANGUAGE sql AS 'SELECT 1';
            SET session_replication_role = replica;
            UPDATE pg_catalog.pg_proc SET proowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'app') WHERE proname = 'freed';
            """);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(forged, databases: "unwatched"))).Problem;
        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("public.freed()", problem.Message, StringComparison.Ordinal);
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task An_owners_schema_with_a_name_of_the_guards_is_restored_as_any_other()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE named OWNER app;");
        await fixture.AsAppAsync("named", DatabaseOwnerServer.Trap + """
            CREATE SCHEMA holdfast_load; CREATE TABLE holdfast_load.guarded (oid oid);
            CREATE FUNCTION holdfast_load.guard() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
            CREATE FUNCTION holdfast_load.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
            CREATE TABLE t (i int CHECK (trap())); INSERT INTO t VALUES (1);
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["named"] });
        var face = await cluster.FaceAsync("named");
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "named");
        Assert.Equal(face, await cluster.FaceAsync("named"));
        Assert.Equal("0", await _server.QueryAsync("named", "SELECT count(*) FROM pg_event_trigger"));
        Assert.False(fixture.IsTrapped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_object_that_was_refused_its_owner_is_kept_as_a_superusers(bool keepGoing)
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "DROP DATABASE IF EXISTS unowned; CREATE DATABASE unowned OWNER app;");
        await fixture.AsAppAsync("unowned", DatabaseOwnerServer.Trap + "CREATE TABLE t (i int CHECK (trap())); INSERT INTO t VALUES (1);");
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["unowned"] });
        var taken = await cluster.CaptureAsync();
        var forged = await cluster.ReplaceAsync(taken, "unowned/pre-data.sql", script => script.Replace("ALTER FUNCTION public.trap() OWNER TO app;", "ALTER FUNCTION public.trap() OWNER TO \"no one\";", StringComparison.Ordinal));
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(forged, keepGoing: keepGoing, databases: "unowned"))).Problem;
        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("ALTER FUNCTION public.trap", problem.Message, StringComparison.Ordinal);
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task An_object_that_could_not_be_made_needs_no_owner()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE lacking OWNER app;");
        await fixture.AsAppAsync("lacking", "CREATE TABLE t (i int); INSERT INTO t VALUES (1); CREATE TABLE u (i int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE mood AS ENUM ('a'); CREATE SCHEMA s;");
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["lacking"] });
        var taken = await cluster.CaptureAsync();
        var forged = await cluster.ReplaceAsync(taken, "lacking/pre-data.sql", script => script.Replace("CREATE TABLE public.u", "CREATE NOTHING", StringComparison.Ordinal)
            .Replace("CREATE FUNCTION public.f", "CREATE NOTHING", StringComparison.Ordinal).Replace("CREATE TYPE public.mood", "CREATE NOTHING", StringComparison.Ordinal).Replace("CREATE SCHEMA s", "CREATE NOTHING", StringComparison.Ordinal));
        await cluster.RestoreAsync(forged, keepGoing: true, databases: "lacking");
        Assert.Equal("1", await _server.QueryAsync("lacking", "SELECT i FROM t"));
        Assert.Contains(rig.Lacking, sentence => sentence.Contains("ALTER TABLE public.u OWNER TO app", StringComparison.Ordinal));
    }

    /// <summary>The numbers of an enum's values differ between databases, so rows of a hash partition belong elsewhere; a superuser enters the server without a password.</summary>
    [Fact]
    public async Task No_row_goes_to_a_foreign_partition()
    {
        await using var rig = await Rig.MakeAsync();
        await MakeForeignAsync("routed");
        await fixture.AsAppAsync("shop", DatabaseOwnerServer.Trap.Replace("FUNCTION trap", "FUNCTION sprung", StringComparison.Ordinal) + """
            CREATE VIEW target AS SELECT ''::text AS e; CREATE FUNCTION enter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.sprung(); RETURN NEW; END $$;
            CREATE TRIGGER enter INSTEAD OF INSERT ON target FOR EACH ROW EXECUTE FUNCTION enter();
            """);
        await fixture.AsAppAsync("routed", $"""
            CREATE TYPE e AS ENUM ({string.Join(", ", Enumerable.Range(0, 64).Select(number => $"'{number}'"))});
            CREATE TABLE pt (e e) PARTITION BY HASH (e); CREATE TABLE p0 PARTITION OF pt FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE FOREIGN TABLE p1 PARTITION OF pt FOR VALUES WITH (MODULUS 2, REMAINDER 1) SERVER here OPTIONS (schema_name 'public', table_name 'target');
            DO $$ DECLARE v e; BEGIN FOREACH v IN ARRAY enum_range(NULL::e) LOOP BEGIN INSERT INTO p0 VALUES (v); EXCEPTION WHEN check_violation THEN NULL; END; END LOOP; END $$;
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["routed"] });
        var taken = await cluster.CaptureAsync();
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(taken, databases: "routed"))).Problem;
        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("public.p1", problem.Message, StringComparison.Ordinal);
        await cluster.RestoreAsync(taken, keepGoing: true, databases: "routed");
        Assert.Contains(rig.Lacking, sentence => sentence.Contains("public.p1", StringComparison.Ordinal));
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task A_foreign_partition_is_not_read_for_sequences_and_statistics()
    {
        await using var rig = await Rig.MakeAsync();
        await MakeForeignAsync("counted");
        await fixture.AsAppAsync("shop", DatabaseOwnerServer.Trap.Replace("FUNCTION trap", "FUNCTION read", StringComparison.Ordinal) + "CREATE VIEW seen AS SELECT 1 AS id, 2 AS k WHERE read();");
        await fixture.AsAppAsync("counted", """
            CREATE TABLE pt (id serial, k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF pt FOR VALUES IN (1); INSERT INTO pt (k) VALUES (1), (1);
            CREATE FOREIGN TABLE p2 PARTITION OF pt FOR VALUES IN (2) SERVER here OPTIONS (schema_name 'public', table_name 'seen');
            CREATE TABLE parent (id serial); CREATE FOREIGN TABLE child () INHERITS (parent) SERVER here OPTIONS (schema_name 'public', table_name 'seen');
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["counted"] });
        var restored = await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "counted");
        Assert.Equal("2", await _server.QueryAsync("counted", "SELECT count(*) FROM p1"));
        Assert.Contains(restored.Warnings, warning => warning.Code == "HF-PG-ANALYZE" && warning.Exit == ExitCode.Success);
        Assert.False(fixture.IsTrapped);
    }

    [Fact]
    public async Task A_comment_or_setting_of_a_size_that_nobody_reads_is_left_out()
    {
        await using var rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE wordy OWNER app;");
        await _server.ExecuteAsync("wordy", """
            CREATE TABLE t (i int); INSERT INTO t VALUES (1);
            DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE wordy IS %L', repeat('c', 2000000)); EXECUTE format('ALTER DATABASE wordy SET my.setting = %L', repeat('s', 2000000)); END $$;
            ALTER DATABASE wordy SET my.other = 'kept';
            """);
        var cluster = new Cluster(_server, rig, new PostgresSettings { Databases = ["wordy"] });
        var taken = await cluster.CaptureAsync();
        await cluster.RestoreAsync(taken, databases: "wordy");
        Assert.Equal("1|kept|", await _server.QueryAsync("wordy", "SELECT i, current_setting('my.other'), shobj_description((SELECT oid FROM pg_database WHERE datname = 'wordy'), 'pg_database') FROM t"));
        var contents = await cluster.ReadAsync(taken, "wordy/database.json");
        Assert.Contains("Its comment is longer than 1 MiB.", contents, StringComparison.Ordinal);
        Assert.Contains("Its setting my.setting is longer than 1 MiB.", contents, StringComparison.Ordinal);
    }

    /// <summary>A database of "app", who may enter the server that it is on: as a superuser, where it is one that enters.</summary>
    private async Task MakeForeignAsync(string database)
    {
        await _server.ExecuteAsync("postgres", $"CREATE DATABASE {database} OWNER app;");
        await _server.ExecuteAsync(database, "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO app;");
        await fixture.AsAppAsync(database, $"""
            CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{_server.Folder}', port '{_server.Port}', dbname 'shop');
            CREATE USER MAPPING FOR public SERVER here OPTIONS (user 'postgres');
            """);
    }
}
