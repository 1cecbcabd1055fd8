using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The settings of our sessions. They stand in the startup packet, which goes before everything else and beats ALTER DATABASE SET and ALTER
/// ROLE SET: the owner of a database chooses neither what our names mean nor who we are. docs/decisions/0032-postgres-sessions.md says more.
/// </summary>
internal static class StartupSettings
{
    /// <summary>
    /// Much of it is what pg_dump sets: values are written the same way by every server, nothing is hidden by row security, and rows come in the
    /// order in which they lie, for only then do two dumps share their chunks. A commit waits for this server's disk and for no standby.
    /// Compiling a query of ours takes longer than running it, and an owner may have lowered the costs from which that is done.
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
    /// Those that not every server from 11 on knows: views and foreign tables of others are never read (since August 2024), and no limit of
    /// later versions ends a long dump, or a session of ours at all.
    /// </summary>
    private const string Known = """
        FROM pg_catalog.pg_settings s
            JOIN (VALUES ('restrict_nonsystem_relation_kind', 'view, foreign-table'), ('transaction_timeout', '0'), ('idle_session_timeout', '0')) w(name, value)
            ON w.name OPERATOR(pg_catalog.=) s.name
        """;

    private const string WhereKnown = $"SELECT pg_catalog.set_config(s.name, w.value, false) {Known}";

    /// <summary>As "options" of a connection take them. Source: PostgreSQL's manual, 34.1.2, "Parameter Key Words".</summary>
    public static string Options { get; } = string.Join(' ', _all.Select(one => $"-c {one.Name}={Escape(one.Value)}"));

    /// <summary>The first statement of a session. By now its names mean what they say.</summary>
    public static Task ApplyAsync(NpgsqlConnection connection, CancellationToken cancellation) => connection.ExecuteAsync(WhereKnown, cancellation);

    /// <summary>
    /// The same as "options" of later connections to this server: an owner may have set a limit of 1 ms, which would end a session before
    /// its first statement.
    /// </summary>
    public static async Task<string> ReadOptionsAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        string.Concat(await connection.RowsAsync($"SELECT s.name, w.value {Known}", row => $" -c {row[0]}={Escape(row[1])}", cancellation));

    /// <summary>The same as one statement for each setting that this server knows, for a session that resets itself again and again.</summary>
    public static Task<IReadOnlyList<(string Name, string Statement)>> ReadKnownAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.RowsAsync(
            $"SELECT s.name, w.value {Known}",
            row => (row[0], $"SELECT pg_catalog.set_config({Sql.Literal(row[0])}, {Sql.Literal(row[1])}, false)"), cancellation);

    /// <summary>
    /// Lets a session read views and foreign tables: in a database that a restore fills, where nobody else defines any, materialized
    /// views and functions of constraints and indexes read them as they do in the platform.
    /// </summary>
    public static Task AllowViewsAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.ExecuteAsync($"SELECT pg_catalog.set_config(name, '', false) FROM pg_catalog.pg_settings WHERE name = '{Restriction}'", cancellation);

    /// <summary>The setting that forbids views and foreign tables.</summary>
    public const string Restriction = "restrict_nonsystem_relation_kind";

    /// <summary>True when this server refuses to read views and foreign tables in this session.</summary>
    public static async Task<bool> RestrictsAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        await connection.ScalarAsync<string>("SELECT pg_catalog.current_setting('restrict_nonsystem_relation_kind', true)", cancellation) is { Length: > 0 };

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(" ", "\\ ", StringComparison.Ordinal);
}
