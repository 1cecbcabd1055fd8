using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>
/// Rights and memberships that others than owners and superusers have passed on, in servers of the same and of newer
/// versions.
/// </summary>
public sealed class PassedOnRightsTests
{
    /// <summary>
    /// In the order of names, who may grant "team" comes after whom he has granted it to; "boss" never might by the
    /// rules of version 16.
    /// </summary>
    private const string Roles = """
        CREATE ROLE team; CREATE ROLE boss CREATEROLE; CREATE ROLE zora; CREATE ROLE anna; CREATE ROLE emil;
        CREATE ROLE odd; CREATE ROLE "GRANTED BY x"; CREATE ROLE app;
        GRANT team TO zora WITH ADMIN OPTION;
        SET SESSION AUTHORIZATION zora; GRANT team TO anna; RESET SESSION AUTHORIZATION;
        SET SESSION AUTHORIZATION boss; GRANT team TO emil; GRANT odd TO "GRANTED BY x";
        """;

    private const string Members = """
        SELECT string_agg(DISTINCT line, ' ' ORDER BY line) FROM (
            SELECT format('%s<%s%s', r.rolname, m.rolname, CASE WHEN admin_option THEN '+' END) AS line
            FROM pg_auth_members a JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member
            WHERE r.rolname IN ('team', 'odd') AND m.rolname NOT IN ('boss', 'postgres')) lines
        """;

    private const string Rights = """
        CREATE TABLE t (a int); ALTER TABLE t OWNER TO app; CREATE SCHEMA s; ALTER SCHEMA s OWNER TO app;
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() OWNER TO app;
        REVOKE ALL ON FUNCTION f() FROM PUBLIC;
        CREATE TABLE checked (a int CHECK (f() = 1)); ALTER TABLE checked OWNER TO app; INSERT INTO checked VALUES (1);
        SET SESSION AUTHORIZATION app; GRANT SELECT, INSERT ON t TO anna WITH GRANT OPTION;
        GRANT EXECUTE ON FUNCTION f() TO anna WITH GRANT OPTION; GRANT USAGE ON SCHEMA s TO anna WITH GRANT OPTION;
        SET SESSION AUTHORIZATION anna; GRANT SELECT ON t TO emil;
        GRANT EXECUTE ON FUNCTION f() TO emil WITH GRANT OPTION; GRANT USAGE ON SCHEMA s TO emil;
        SET SESSION AUTHORIZATION emil; GRANT EXECUTE ON FUNCTION f() TO odd;
        """;

    private const string LargeObject = """
        DO $$ BEGIN PERFORM lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO app; END $$;
        SET SESSION AUTHORIZATION app; GRANT SELECT ON LARGE OBJECT 4711 TO anna WITH GRANT OPTION;
        SET SESSION AUTHORIZATION anna; GRANT SELECT ON LARGE OBJECT 4711 TO emil;
        """;

    private const string Acls = """
        SELECT relacl FROM pg_class WHERE oid = 't'::regclass
        UNION ALL SELECT proacl FROM pg_proc WHERE oid = 'f()'::regprocedure
        UNION ALL SELECT nspacl FROM pg_namespace WHERE nspname = 's'
        """;

    [Fact]
    public async Task They_come_back_in_the_same_version() => await ThereAndBackAsync(null, null);

    [Fact]
    public async Task They_come_back_in_other_versions()
    {
        var majors = PostgresServer.OtherMajors;
        Require.That(majors.Count > 0, "No other major version of PostgreSQL is there: HOLDFAST_POSTGRES_MAJORS names none.");
        // Those of the newest version are without pg_dump.
        foreach (var older in (string?[])[null, .. majors.SkipLast(1)]) await ThereAndBackAsync(older, majors[^1]);
    }

    private static async Task ThereAndBackAsync(string? older, string? newer)
    {
        await using var from = await PostgresServer.StartAsync(new PostgresServerOptions { Bin = older });
        await using var to = await PostgresServer.StartAsync(new PostgresServerOptions { Bin = newer });
        await from.ExecuteAsync("postgres", Roles);
        await from.ExecuteAsync("postgres", "CREATE DATABASE passed;");
        await from.ExecuteAsync("passed", Rights);
        await from.ExecuteAsync("passed", LargeObject);
        await using var rig = await Rig.MakeAsync();
        var taken = await new Cluster(from, rig, new PostgresSettings { Databases = ["passed"] }).CaptureAsync();
        var restored = await new Cluster(to, rig, new PostgresSettings { Databases = ["passed"] }).RestoreAsync(taken);
        Assert.DoesNotContain(restored.Warnings, warning => warning.Exit != ExitCode.Success);
        Assert.Equal("odd<GRANTED BY x team<anna team<emil team<zora+", await to.QueryAsync("postgres", Members));
        // From version 17 on an owner may also maintain a table.
        var acls = (await to.QueryAsync("passed", Acls)).Replace("app=arwdDxtm/", "app=arwdDxt/", StringComparison.Ordinal);
        Assert.Equal(await from.QueryAsync("passed", Acls), acls);
        const string LargeObjectAcl = "SELECT lomacl FROM pg_largeobject_metadata";
        Assert.Equal(await from.QueryAsync("passed", LargeObjectAcl), await to.QueryAsync("passed", LargeObjectAcl));
        Assert.Equal("app", await to.QueryAsync("passed", "SELECT proowner::regrole FROM pg_proc WHERE oid = 'f()'::regprocedure"));
    }

    [Fact]
    public async Task A_membership_that_cannot_be_granted_is_named_and_ends_nothing()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("postgres", "CREATE ROLE team; CREATE ROLE anna; GRANT team TO anna; CREATE DATABASE passed;");
        await server.ExecuteAsync("passed", "CREATE TABLE t (a int); INSERT INTO t VALUES (1);");
        await using var rig = await Rig.MakeAsync();
        var cluster = new Cluster(server, rig, new PostgresSettings { Databases = ["passed"] });
        var taken = await cluster.CaptureAsync();
        // As where one of the roles cannot be made.
        var forged = await cluster.ReplaceAsync(taken, "globals.sql", script => script.Replace("GRANT team TO anna", "GRANT team TO nobody_there", StringComparison.Ordinal));
        var restored = await cluster.RestoreAsync(forged);
        var problem = Assert.Single(restored.Warnings, warning => warning.Code == "HF-PG-GRANT");
        Assert.Equal(ExitCode.Incomplete, problem.Exit);
        Assert.Contains("GRANT team TO nobody_there", problem.Message, StringComparison.Ordinal);
        Assert.Contains("[42704]", problem.Message, StringComparison.Ordinal);
        Assert.Equal("1", await server.QueryAsync("passed", "SELECT a FROM t"));
    }
}
