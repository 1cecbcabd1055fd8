using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>What a restore of dumps does with roles, and restores by a user who is no superuser.</summary>
public sealed class PostgresRolesTests : IAsyncLifetime
{
    /// <summary>All that a role of a cluster has, by pg_dumpall.</summary>
    private const string Roles = """
        SELECT string_agg(concat_ws(' ', a.rolname, a.rolsuper, a.rolcanlogin, a.rolconnlimit, a.rolpassword, a.rolvaliduntil, s.setconfig,
            (SELECT string_agg(roleid::regrole::text, ',' ORDER BY roleid) FROM pg_auth_members WHERE member = a.oid)), '; ' ORDER BY a.rolname)
            FROM pg_authid a LEFT JOIN pg_db_role_setting s ON s.setrole = a.oid AND s.setdatabase = 0 WHERE a.oid >= 16384
        """;

    private PostgresServer _server = null!;
    private Rig _rig = null!;

    private Cluster Cluster => new(_server, _rig);

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        _rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", """
            CREATE ROLE eve LOGIN SUPERUSER PASSWORD 'old' CONNECTION LIMIT 7 VALID UNTIL '2040-01-01'; CREATE ROLE team; GRANT team TO eve; ALTER ROLE eve SET work_mem = '9MB';
            CREATE ROLE one; CREATE ROLE "Two ""x"; CREATE ROLE boss SUPERUSER; CREATE ROLE stranger LOGIN; CREATE ROLE app LOGIN IN ROLE one; CREATE DATABASE rdb OWNER one;
            """);
        await _server.ExecuteAsync("rdb", """
            CREATE SCHEMA a AUTHORIZATION one; SET ROLE one; CREATE TABLE a.t (id serial PRIMARY KEY, v text CHECK (v <> '')); INSERT INTO a.t (v) SELECT 'v' || g FROM generate_series(1, 50) g; RESET ROLE;
            GRANT USAGE, CREATE ON SCHEMA a TO "Two ""x"; SET ROLE "Two ""x"; CREATE TABLE a.u (x int); INSERT INTO a.u VALUES (1), (2); CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; RESET ROLE;
            CREATE TABLE public.p (x int); ALTER TABLE public.p OWNER TO "Two ""x"; INSERT INTO public.p VALUES (3); REVOKE CREATE ON SCHEMA a FROM "Two ""x"; GRANT SELECT ON a.t TO "Two ""x";
            """);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_rig is not null) await _rig.DisposeAsync();
    }

    [Fact]
    public async Task Restoring_one_database_leaves_the_roles_that_exist_as_they_are()
    {
        var taken = await Cluster.CaptureAsync();
        await TakeRightsAsync();
        var before = await _server.QueryAsync("postgres", Roles);
        var plan = await _rig.PlanRestoreAsync(Cluster.Component(), taken.Point, request => request with { Include = ["rdb"] });
        Assert.False(plan[0].Destroys);
        Assert.Contains("exist exactly as they are", plan[0].Does, StringComparison.Ordinal);
        Assert.DoesNotContain("eve", plan[0].Does, StringComparison.Ordinal);
        var report = await Cluster.RestoreAsync(taken, overwrite: true, databases: "rdb");
        Assert.Equal(before, await _server.QueryAsync("postgres", Roles));
        Assert.Contains(report.Notes, note => note.StartsWith("Left as it is, for it exists:", StringComparison.Ordinal) && note.Contains("role \"eve\"", StringComparison.Ordinal));
        Assert.Equal("50", await _server.QueryAsync("rdb", "SELECT count(*) FROM a.t"));
    }

    [Fact]
    public async Task Restoring_one_database_makes_the_missing_roles_that_it_needs_and_names_those_with_special_attributes()
    {
        await _server.ExecuteAsync("rdb", "CREATE TABLE a.b (x int); ALTER TABLE a.b OWNER TO boss;");
        var taken = await Cluster.CaptureAsync();
        await _server.ExecuteAsync("postgres", "DROP DATABASE rdb; DROP ROLE boss, stranger, app, one, \"Two \"\"x\", eve;");
        var plan = await _rig.PlanRestoreAsync(Cluster.Component(), taken.Point, request => request with { Include = ["rdb"] });
        Assert.Contains("Makes role \"boss\" (SUPERUSER), role \"Two \"x\", role \"app\", role \"one\".", plan[0].Does, StringComparison.Ordinal);
        var report = await Cluster.RestoreAsync(taken, databases: "rdb");
        Assert.Equal("Two \"x,app,boss,one,team", await _server.QueryAsync("postgres", "SELECT string_agg(rolname, ',' ORDER BY rolname COLLATE \"C\") FROM pg_authid WHERE oid >= 16384"));
        Assert.Equal("t", await _server.QueryAsync("postgres", "SELECT pg_has_role('app', 'one', 'MEMBER')"));
        Assert.Contains("Not made, for no selected database needs it: role \"eve\", role \"stranger\".", report.Notes);
    }

    [Fact]
    public async Task A_plan_for_a_whole_cluster_names_what_existing_roles_gain()
    {
        var taken = await Cluster.CaptureAsync();
        await TakeRightsAsync();
        await _server.ExecuteAsync("postgres", "DROP ROLE boss;");
        var plan = await _rig.PlanRestoreAsync(Cluster.Component(), taken.Point, request => request);
        Assert.True(plan[0].Destroys);
        Assert.Contains("Role \"eve\", which exists, gets SUPERUSER, LOGIN, another password, membership in \"team\".", plan[0].Does, StringComparison.Ordinal);
        Assert.Contains("New roles with special attributes: role \"boss\" (SUPERUSER).", plan[0].Does, StringComparison.Ordinal);
        Assert.DoesNotContain("\"team\", which exists", plan[0].Does, StringComparison.Ordinal);
        var report = await Cluster.RestoreAsync(taken, overwrite: true);
        Assert.Contains(report.Notes, note => note.StartsWith("Set as recorded, for it exists:", StringComparison.Ordinal) && note.Contains("role \"eve\"", StringComparison.Ordinal));
        Assert.Equal("t", await _server.QueryAsync("postgres", "SELECT rolsuper AND rolcanlogin AND pg_has_role('eve', 'team', 'MEMBER') FROM pg_authid WHERE rolname = 'eve'"));
    }

    [Fact]
    public async Task A_user_who_is_no_superuser_restores_the_databases_of_roles_that_it_is_a_member_of()
    {
        var taken = await Cluster.CaptureAsync();
        await TakeRightsAsync();
        var face = await Cluster.FaceAsync("rdb");
        var roles = await _server.QueryAsync("postgres", Roles);
        var one = new Cluster(_server, _rig, new PostgresSettings { User = "rest" });
        await _server.ExecuteAsync("postgres", "CREATE ROLE rest LOGIN CREATEDB IN ROLE one;");
        var refused = await Assert.ThrowsAsync<ProblemException>(() => one.RestoreAsync(taken, overwrite: true, databases: "rdb"));
        Assert.Equal("HF-PG-PERMISSION", refused.Problem.Code);
        Assert.Contains("\"Two \"x\" is not a role that it may act as", refused.Problem.Message, StringComparison.Ordinal);

        await _server.ExecuteAsync("postgres", "GRANT \"Two \"\"x\" TO rest; ALTER ROLE rest PASSWORD 'kept';");
        var report = await one.RestoreAsync(taken, overwrite: true, databases: "rdb");
        Assert.Equal(face, await Cluster.FaceAsync("rdb"));
        Assert.Contains(report.Notes, note => note.StartsWith("Left as it is, for it exists:", StringComparison.Ordinal));
        await _server.ExecuteAsync("postgres", "DROP ROLE rest;");
        Assert.Equal(roles, await _server.QueryAsync("postgres", Roles));
    }

    [Fact]
    public async Task The_owner_gets_the_database_with_its_name()
    {
        await _server.ExecuteAsync("postgres", "ALTER ROLE one LOGIN CREATEDB; ALTER DATABASE rdb CONNECTION LIMIT 5;");
        var taken = await Cluster.CaptureAsync();
        var incomplete = MadeUpName.Incomplete("rdb", _rig.RunId);
        string? owner = null;
        async Task LookAsync(Undo undo)
        {
            if (owner is not null || !undo.Kind.EndsWith("allow-connections", StringComparison.Ordinal)) return;
            owner = await _server.QueryAsync(
                "postgres", $"SELECT pg_get_userbyid(datdba) || datconnlimit FROM pg_database WHERE datname = '{incomplete}'");
            // The old one is its owner's to rename at any time.
            await _server.QueryAsync("postgres", "ALTER DATABASE rdb RENAME TO mine");
        }
        await Cluster.RestoreAsync(taken, hooks: new RunHooks { Owed = LookAsync }, databases: "rdb");
        Assert.Equal("postgres0", owner);
        Assert.Equal("mine,postgres,rdb", await Cluster.DatabasesAsync());
        Assert.Equal("one 5", await _server.QueryAsync("postgres", "SELECT concat_ws(' ', pg_get_userbyid(datdba), datconnlimit) FROM pg_database WHERE datname = 'rdb'"));
        Assert.Equal("t", await _server.QueryAsync("postgres", "SELECT bool_and(datallowconn) FROM pg_database WHERE datname IN ('mine', 'rdb')"));
    }

    [Fact]
    public async Task A_table_that_was_added_to_an_extension_is_named_as_not_in_the_point()
    {
        await _server.ExecuteAsync("rdb", """
            GRANT CREATE ON SCHEMA public TO one; SET ROLE one; CREATE EXTENSION citext; CREATE TABLE a.empty (x int); CREATE TABLE a.lost (x int); INSERT INTO a.lost VALUES (1);
            """);
        await _server.ExecuteAsync("rdb", "SET ROLE one; ALTER EXTENSION citext ADD TABLE a.lost; ALTER EXTENSION citext ADD TABLE a.empty;");
        var taken = await Cluster.CaptureAsync();
        var warning = Assert.Single(taken.Said.Warnings);
        Assert.Equal("HF-PG-MEMBER", warning.Code);
        Assert.Contains("Table a.lost of database \"rdb\"", warning.Message, StringComparison.Ordinal);
        Assert.False(taken.Record.Complete);
    }

    /// <summary>Takes from the role all that the point has of it.</summary>
    private Task TakeRightsAsync() => _server.ExecuteAsync("postgres", """
        REVOKE team FROM eve; ALTER ROLE eve RESET work_mem; ALTER ROLE eve NOSUPERUSER NOLOGIN PASSWORD 'new' CONNECTION LIMIT 2 VALID UNTIL '2030-01-01';
        """);
}
