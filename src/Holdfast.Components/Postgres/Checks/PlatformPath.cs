using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>How the platform's own sessions look names up: ours are opened with another search_path, and RESET would only bring that one back.</summary>
internal static class PlatformPath
{
    private const string Default = "\"$user\", public";

    /// <summary>The server applies the closest: a role's in a database, the role's, the database's, that of all. Source: PostgreSQL's manual, ALTER ROLE.</summary>
    private static string Query(string role) => $"""
        SELECT substr(c.item, strpos(c.item, '=') + 1) FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS c(item)
            WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
                AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {Sql.Literal(role)})) AND split_part(c.item, '=', 1) = 'search_path'
            ORDER BY (s.setrole <> 0 AND s.setdatabase <> 0) DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1
        """;

    /// <summary>That of the server's own files, where we may read them.</summary>
    private const string OfServer = """
        SELECT CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
            THEN (SELECT setting FROM pg_catalog.pg_file_settings WHERE name = 'search_path' AND applied LIMIT 1) END
        """;

    /// <summary>As set_config takes it.</summary>
    public static async Task<string> FindAsync(NpgsqlConnection connection, string role, CancellationToken cancellation) =>
        await connection.ScalarAsync<string>(Query(role), cancellation) ?? await connection.ScalarAsync<string>(OfServer, cancellation) ?? Default;
}
