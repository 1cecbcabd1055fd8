using System.Globalization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>What changes when a session writes: the next XID, and the rows written per database.</summary>
internal sealed record PostgresCounters(long NextTransaction, IReadOnlyDictionary<string, long> Rows, bool HasClients, bool IsCleaning);

/// <summary>
/// Queries the activity of a server. All of it is available in PostgreSQL 11 to 18; the views are described in its
/// manual, 27.2, "The Cumulative Statistics System".
/// </summary>
internal static class PostgresActivity
{
    /// <summary>
    /// Sessions of Holdfast, which do not count as clients: a check uses several connections at once, and WAL is read
    /// by another. The application name alone is not sufficient, since any user may set it. To users without the
    /// privilege to see them, other sessions have no type, name or state; but those of clients have a user.
    /// </summary>
    private const string Ours = "coalesce(application_name, '') = 'holdfast' AND coalesce(usename, '') = session_user";

    private const string Others = "pid <> pg_catalog.pg_backend_pid() AND NOT (" + Ours + ") AND coalesce(backend_type, CASE WHEN usesysid IS NOT NULL THEN 'client backend' END) = 'client backend'";
    private const string IsDump = "coalesce(application_name, '') IN ('pg_dump', 'pg_dumpall', 'pg_basebackup')";

    private static readonly string _sessions = $"""
        SELECT pid, {SharedName.Ask("coalesce(usename, '')")}, {SharedName.Ask("coalesce(datname, '')")}, coalesce(application_name, ''), coalesce(host(client_addr), ''), coalesce(state, ''),
            upper(coalesce(substring(query FROM '^\s*([A-Za-z]+)'), '')), coalesce(extract(epoch FROM clock_timestamp() - coalesce(xact_start, state_change)), 0)
        FROM pg_catalog.pg_stat_activity WHERE {Others} AND NOT {IsDump} ORDER BY xact_start NULLS LAST, pid
        """;

    /// <summary>
    /// The query for the counters. A snapshot assigns no XID; every transaction that writes gets one.
    /// </summary>
    private const string Counters = $"""
        SELECT txid_snapshot_xmax(txid_current_snapshot()),
            (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE {Others}),
            (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'autovacuum worker')
        """;

    private static readonly string _rows = $"SELECT {SharedName.Ask("coalesce(datname, 'shared tables')")}, tup_inserted + tup_updated + tup_deleted FROM pg_catalog.pg_stat_database";

    private static readonly string _prepared = $"SELECT {SharedName.Ask("format('%s of %s in %s, since %s', gid, owner, database, date_trunc('second', prepared))")} FROM pg_catalog.pg_prepared_xacts ORDER BY prepared";

    /// <summary>The query for base backups: a WAL sender whose state is "backup", in every version.</summary>
    private static readonly string _backups = $"""
        SELECT {SharedName.Ask("format('process %s (%s) of %s', pid, application_name, usename)")} FROM pg_catalog.pg_stat_activity WHERE {Others} AND {IsDump}
        UNION ALL SELECT {SharedName.Ask("format('process %s (base backup, %s) of %s', pid, application_name, usename)")} FROM pg_catalog.pg_stat_replication WHERE state = 'backup'
        """;

    public static Task<IReadOnlyList<PostgresSession>> SessionsAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.RowsAsync(_sessions, row => new PostgresSession(int.Parse(row[0]), SharedName.Show(row[1]), SharedName.Show(row[2]), row[3], row[4], row[5], row[6], double.Parse(row[7], CultureInfo.InvariantCulture)), cancellation);

    public static async Task<PostgresCounters> CountersAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var now = (await connection.RowsAsync(Counters, row => row, cancellation))[0];
        var rows = await connection.RowsAsync(_rows, row => (Database: SharedName.Show(row[0]), Count: long.Parse(row[1], CultureInfo.InvariantCulture)), cancellation);
        return new PostgresCounters(long.Parse(now[0], CultureInfo.InvariantCulture), rows.GroupBy(row => row.Database, StringComparer.Ordinal).ToDictionary(same => same.Key, same => same.Sum(row => row.Count), StringComparer.Ordinal), now[1] != "0", now[2] != "0");
    }

    public static Task<IReadOnlyList<string>> PreparedAsync(NpgsqlConnection connection, CancellationToken cancellation) => connection.RowsAsync(_prepared, row => SharedName.Show(row[0]), cancellation);

    public static Task<IReadOnlyList<string>> BackupsAsync(NpgsqlConnection connection, CancellationToken cancellation) => connection.RowsAsync(_backups, row => SharedName.Show(row[0]), cancellation);

    /// <summary>Formats a result for display; null for a value that means "nothing".</summary>
    public static string? Judge(string answer) => IsNothing(answer) ? null : answer;

    private static bool IsNothing(string value) => value is "" or "f" or "false" || (decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number == 0);
}
