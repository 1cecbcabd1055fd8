using Holdfast.Components.Postgres.Connection;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// How many snapshots of databases a server can hold open at once: each takes a connection, and a lock on every table. Source: PostgreSQL's manual, 20.3.1
/// "Connection Settings" and 20.12 "Lock Management".
/// </summary>
/// <param name="Connections">The free connections, without those of the dumps themselves; at least one.</param>
/// <param name="Capacity">The number of locks for which the shared lock table is sized.</param>
internal sealed record SnapshotRoom(int Connections, long Capacity)
{
    /// <summary>
    /// Half of the capacity: while the platform works, the other half is left for it and for pg_dump.
    /// </summary>
    public long Locks => Capacity / 2;

    /// <summary>
    /// Connections that are left free: for a PostgreSQL program, a query about the cluster, and administrators.
    /// </summary>
    private const int Aside = 4;

    private const string Query = """
        SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true), '0')::int
                - (SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE backend_type IS NULL OR backend_type = 'client backend') + 1,
            current_setting('max_locks_per_transaction')::bigint * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint
                + current_setting('autovacuum_max_workers')::bigint + current_setting('max_worker_processes')::bigint + current_setting('max_wal_senders')::bigint)
        """;

    /// <summary>Queries the server.</summary>
    /// <param name="connection">A session, which counts as free.</param>
    /// <param name="workers">The connections of a dump in addition to the one of its snapshot.</param>
    /// <param name="cancellation">Cancels the query.</param>
    public static async Task<SnapshotRoom> AskAsync(NpgsqlConnection connection, int workers, CancellationToken cancellation)
    {
        var row = (await connection.RowsAsync(Query, found => found, cancellation))[0];
        var free = int.Parse(row[0], System.Globalization.CultureInfo.InvariantCulture) - workers - Aside;
        return new SnapshotRoom(Math.Max(1, free), long.Parse(row[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
