using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>
/// Determines the search_path of the platform's own sessions: this program's are opened with another search_path, and
/// RESET would only restore that one.
/// </summary>
internal static class PlatformPath
{
    private const string Default = "\"$user\", public";

    /// <summary>
    /// The query for the setting that the server applies: that of a role in a database, of the role, of the database,
    /// or of all roles, in this order. Source: PostgreSQL's manual, ALTER ROLE.
    /// </summary>
    private static string Query(string role) => $"""
        SELECT substr(c.item, strpos(c.item, '=') + 1) FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS c(item)
            WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
                AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {Sql.Literal(role)})) AND split_part(c.item, '=', 1) = 'search_path'
            ORDER BY (s.setrole <> 0 AND s.setdatabase <> 0) DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1
        """;

    /// <summary>The query for the setting in the server's configuration files, where the role may read them.</summary>
    private const string OfServer = """
        SELECT CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
            THEN (SELECT setting FROM pg_catalog.pg_file_settings WHERE name = 'search_path' AND applied LIMIT 1) END
        """;

    /// <summary>Returns the search_path in the form that set_config takes.</summary>
    public static async Task<string> FindAsync(NpgsqlConnection connection, string role, CancellationToken cancellation) =>
        await connection.ScalarAsync<string>(Query(role), cancellation) ?? await connection.ScalarAsync<string>(OfServer, cancellation) ?? Default;
}
