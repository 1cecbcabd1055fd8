using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The settings of this program's sessions. They are in the startup packet, which takes precedence over ALTER DATABASE
/// SET and ALTER ROLE SET: the owner of a database controls neither the search_path nor the role of these sessions. See
/// docs/decisions/0032-postgres-sessions.md.
/// </summary>
internal static class StartupSettings
{
    /// <summary>
    /// Most of them are what pg_dump sets: values are written the same way by every server, nothing is hidden by row
    /// security, and rows are returned in physical order, because only then do two dumps share their chunks. A commit
    /// waits for this server's disk and for no standby. JIT compilation of these queries takes longer than running
    /// them, and an owner may have lowered its cost thresholds.
    /// </summary>
    private static readonly (string Name, string Value)[] _all =
    [
        ("search_path", "pg_catalog"), ("role", "none"), ("local_preload_libraries", ""),
        ("statement_timeout", "0"), ("lock_timeout", "0"), ("idle_in_transaction_session_timeout", "0"),
        ("default_transaction_read_only", "off"), ("default_transaction_isolation", "read committed"), ("default_transaction_deferrable", "off"),
        ("default_tablespace", ""), ("synchronous_commit", "local"), ("client_min_messages", "warning"),
        ("datestyle", "ISO"), ("intervalstyle", "postgres"), ("extra_float_digits", "3"), ("bytea_output", "hex"), ("xmloption", "content"),
        ("standard_conforming_strings", "on"), ("quote_all_identifiers", "off"), ("transform_null_equals", "off"), ("array_nulls", "on"),
        ("synchronize_seqscans", "off"), ("row_security", "off"), ("check_function_bodies", "off"), ("jit", "off"),
    ];

    /// <summary>
    /// Settings that not every server from 11 on knows: views and foreign tables of other owners are never read (since
    /// August 2024), and no timeout of later versions ends a long dump or an idle session.
    /// </summary>
    private const string Known = """
        FROM pg_catalog.pg_settings s
            JOIN (VALUES ('restrict_nonsystem_relation_kind', 'view, foreign-table'), ('transaction_timeout', '0'), ('idle_session_timeout', '0')) w(name, value)
            ON w.name OPERATOR(pg_catalog.=) s.name
        """;

    private const string WhereKnown = $"SELECT pg_catalog.set_config(s.name, w.value, false) {Known}";

    /// <summary>
    /// The settings in the form of the connection parameter "options". Source: PostgreSQL's manual, 34.1.2, "Parameter
    /// Key Words".
    /// </summary>
    public static string Options { get; } = string.Join(' ', _all.Select(one => $"-c {one.Name}={Escape(one.Value)}"));

    /// <summary>Runs the first statement of a session. The search_path is already in effect by then.</summary>
    public static Task ApplyAsync(NpgsqlConnection connection, CancellationToken cancellation) => connection.ExecuteAsync(WhereKnown, cancellation);

    /// <summary>
    /// Returns the same as "options" of later connections to this server: an owner may have set a timeout of 1 ms,
    /// which would end a session before its first statement.
    /// </summary>
    public static async Task<string> ReadOptionsAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        string.Concat(await connection.RowsAsync($"SELECT s.name, w.value {Known}", row => $" -c {row[0]}={Escape(row[1])}", cancellation));

    /// <summary>
    /// Returns one statement for each setting that this server knows, for a session that runs RESET ALL repeatedly.
    /// </summary>
    public static Task<IReadOnlyList<(string Name, string Statement)>> ReadKnownAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.RowsAsync(
            $"SELECT s.name, w.value {Known}",
            row => (row[0], $"SELECT pg_catalog.set_config({Sql.Literal(row[0])}, {Sql.Literal(row[1])}, false)"), cancellation);

    /// <summary>
    /// Allows a session to read views and foreign tables: in a database that a restore fills, where no other role
    /// defines any, materialized views and functions of constraints and indexes read them as they do in the platform.
    /// </summary>
    public static Task AllowViewsAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.ExecuteAsync($"SELECT pg_catalog.set_config(name, '', false) FROM pg_catalog.pg_settings WHERE name = '{Restriction}'", cancellation);

    /// <summary>The setting that restricts access to views and foreign tables.</summary>
    public const string Restriction = "restrict_nonsystem_relation_kind";

    /// <summary>True when this server refuses to read views and foreign tables in this session.</summary>
    public static async Task<bool> RestrictsAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        await connection.ScalarAsync<string>("SELECT pg_catalog.current_setting('restrict_nonsystem_relation_kind', true)", cancellation) is { Length: > 0 };

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(" ", "\\ ", StringComparison.Ordinal);
}
