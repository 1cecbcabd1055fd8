using System.Text;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// Writes roles, their memberships, settings and rights, and tablespaces, like pg_dumpall --globals-only. Used where
/// pg_dumpall fails: it reads the settings of each role by its name, and a session in UTF-8 cannot send a name that is
/// not UTF-8. Statements with such a name are left out, and so are security labels. Source: pg_dumpall.c.
/// </summary>
internal static class GlobalsScript
{
    private const string Heading = "SET default_transaction_read_only = off;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n";

    /// <summary>
    /// Excludes objects of initdb, which have lower OIDs; the first superuser has OID 10. Source: FirstNormalObjectId
    /// and BOOTSTRAP_SUPERUSERID of PostgreSQL.
    /// </summary>
    private const string Made = "(oid >= 16384 OR oid = 10)";

    private static readonly string _names = $"""
        SELECT {SharedName.Ask("format('role \"%s\"', rolname)")} FROM pg_catalog.pg_roles
        UNION ALL SELECT {SharedName.Ask("format('tablespace \"%s\"', spcname)")} FROM pg_catalog.pg_tablespace
        """;

    /// <summary>Returns the roles and tablespaces whose names are not UTF-8, for messages.</summary>
    public static async Task<IReadOnlyList<string>> FindUnnamedAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        [.. (await connection.RowsAsync(_names, row => row[0], cancellation)).Where(name => SharedName.Find(name) is null).Select(SharedName.Show)];

    /// <summary>Writes the script.</summary>
    /// <param name="connection">A session on the cluster.</param>
    /// <param name="hasPasswords">Whether pg_authid may be read.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    public static async Task<string> WriteAsync(NpgsqlConnection connection, bool hasPasswords, CancellationToken cancellation)
    {
        var script = new StringBuilder(Heading);
        var roles = hasPasswords ? "pg_catalog.pg_authid" : "pg_catalog.pg_roles";
        foreach (var line in await LinesAsync(connection, Roles(roles, hasPasswords), cancellation)) script.Append(line).Append(";\n");
        foreach (var (role, name, item) in await connection.RowsAsync(_settings, row => (SharedName.Find(row[0]), row[1], SharedName.Find(row[2])), cancellation))
            if (role is not null && item is not null) script.Append(DatabaseSql.SetFor($"ROLE {Sql.Identifier(role)}", name, item[(name.Length + 1)..])).Append(";\n");
        var isNewer = await connection.ScalarAsync<bool>("SELECT pg_catalog.to_regclass('pg_catalog.pg_parameter_acl') IS NOT NULL", cancellation);
        foreach (var line in await LinesAsync(connection, isNewer ? $"{Others(roles)} UNION ALL {Parameters}" : Others(roles), cancellation)) script.Append(line).Append(";\n");
        return script.ToString();
    }

    private static async Task<IEnumerable<string>> LinesAsync(NpgsqlConnection connection, string lines, CancellationToken cancellation) =>
        (await connection.RowsAsync($"SELECT {SharedName.Ask("line")} FROM ({lines}) lines ORDER BY part, name, n", row => SharedName.Find(row[0]), cancellation)).OfType<string>();

    private static string Roles(string roles, bool hasPasswords) => $"""
        SELECT 1 AS part, rolname AS name, 0 AS n, format('CREATE ROLE %I', rolname) AS line FROM {roles} WHERE {Made}
        UNION ALL SELECT 1, rolname, 1, format('ALTER ROLE %I WITH %s', rolname, concat_ws(' ',
            CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END, CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
            CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
            CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END,
            CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END, CASE WHEN rolconnlimit <> -1 THEN format('CONNECTION LIMIT %s', rolconnlimit) END,
            {(hasPasswords ? "CASE WHEN rolpassword IS NOT NULL THEN format('PASSWORD %L', rolpassword) END," : "")}
            CASE WHEN rolvaliduntil IS NOT NULL THEN format('VALID UNTIL %L', rolvaliduntil) END)) FROM {roles} WHERE {Made}
        UNION ALL SELECT 1, rolname, 2, format('COMMENT ON ROLE %I IS %L', rolname, shobj_description(oid, 'pg_authid'))
            FROM {roles} WHERE {Made} AND shobj_description(oid, 'pg_authid') IS NOT NULL
        """;

    private static readonly string _settings = $"""
        SELECT {SharedName.Ask("pg_get_userbyid(s.setrole)")}, split_part(c.item, '=', 1), {SharedName.Ask("c.item")}
            FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) WITH ORDINALITY AS c(item, place) WHERE s.setdatabase = 0 AND s.setrole <> 0 ORDER BY s.setrole, c.place
        """;

    /// <summary>Query for memberships; from version 16 on they record whether they are inherited.</summary>
    private static string Others(string roles) => $"""
        SELECT 1 AS part, r.rolname AS name, 0 AS n, format('GRANT %I TO %I%s', r.rolname, m.rolname, CASE
                WHEN to_jsonb(a) ? 'inherit_option' THEN format(' WITH ADMIN %s, INHERIT %s, SET %s', a.admin_option, to_jsonb(a)->>'inherit_option', to_jsonb(a)->>'set_option')
                WHEN a.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END) AS line
            FROM pg_catalog.pg_auth_members a JOIN {roles} r ON r.oid = a.roleid JOIN {roles} m ON m.oid = a.member WHERE m.oid >= 16384 OR m.oid = 10
        UNION ALL SELECT 2, spcname, 0, format('CREATE TABLESPACE %I OWNER %I LOCATION %L', spcname, pg_get_userbyid(spcowner), CASE WHEN ascii(place) = 47 THEN place ELSE '' END)
            FROM pg_catalog.pg_tablespace, pg_tablespace_location(oid) AS place WHERE oid >= 16384
        UNION ALL SELECT 2, spcname, 1, format('ALTER TABLESPACE %I SET (%s)', spcname, array_to_string(spcoptions, ', ')) FROM pg_catalog.pg_tablespace WHERE oid >= 16384 AND spcoptions IS NOT NULL
        UNION ALL SELECT 2, spcname, 2, format('GRANT %s ON TABLESPACE %I TO %s%s', g.privilege_type, spcname,
                CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
            FROM pg_catalog.pg_tablespace, aclexplode(spcacl) g WHERE oid >= 16384
        UNION ALL SELECT 2, spcname, 3, format('COMMENT ON TABLESPACE %I IS %L', spcname, shobj_description(oid, 'pg_tablespace'))
            FROM pg_catalog.pg_tablespace WHERE oid >= 16384 AND shobj_description(oid, 'pg_tablespace') IS NOT NULL
        """;

    /// <summary>Query for rights on configuration parameters, which exist from version 15 on.</summary>
    private const string Parameters = """
        SELECT 3, p.parname::name, 0, format('GRANT %s ON PARAMETER %I TO %s%s', g.privilege_type, p.parname,
                CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
            FROM pg_catalog.pg_parameter_acl p, aclexplode(p.paracl) g WHERE g.grantee <> g.grantor
        """;
}
