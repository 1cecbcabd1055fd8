using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// Tables that a role added to an extension (ALTER EXTENSION ... ADD TABLE). A dump leaves out the members of
/// extensions, because CREATE EXTENSION creates them; it does not create these. Source: PostgreSQL's manual, ALTER
/// EXTENSION.
/// </summary>
internal static class AddedMembers
{
    /// <summary>
    /// Finds tables that the script of the extension did not create: its objects belong to the superuser who runs it,
    /// or were created in the same transaction as the extension. A table created by an update of the extension cannot
    /// be told apart, and is listed too.
    /// </summary>
    private const string Query = """
        SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), e.extname FROM pg_catalog.pg_extension e
            JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                AND d.refobjid = e.oid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
            JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'r'
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_roles r ON r.oid = c.relowner AND NOT r.rolsuper
            WHERE d.xmin <> e.xmin AND NOT c.oid = ANY (coalesce(e.extconfig, '{}')) ORDER BY 1
        """;

    /// <summary>Returns the tables that have rows, quoted for SQL, each with its extension.</summary>
    /// <param name="connection">The session of the snapshot.</param>
    /// <param name="cancellation">Cancels the query.</param>
    public static async Task<IReadOnlyList<(string Table, string Extension)>> FindAsync(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        List<(string Table, string Extension)> found = [];
        foreach (var (table, extension) in await connection.RowsAsync(Query, row => (row[0], row[1]), cancellation))
            if (await HasRowsAsync(connection, table, cancellation)) found.Add((table, extension));
        return found;
    }

    /// <summary>Returns whether a table has rows; its size decides when the user may not read it.</summary>
    private static Task<bool> HasRowsAsync(NpgsqlConnection connection, string table, CancellationToken cancellation) =>
        connection.ScalarAsync<bool>(
            $"SELECT pg_catalog.pg_relation_size({Sql.Literal(table)}::pg_catalog.regclass) > 0", cancellation);
}
