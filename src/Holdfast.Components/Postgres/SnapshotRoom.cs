using Npgsql;

namespace Holdfast.Components.Postgres;

/// <summary>
/// How many snapshots of databases a server can hold open at once: each takes a connection, and a lock on every table. Source: PostgreSQL's manual, 20.3.1
/// "Connection Settings" and 20.12 "Lock Management".
/// </summary>
/// <param name="Connections">Free ones, without those that dumping itself takes; at least one.</param>
/// <param name="Locks">Half of what the shared lock table is made for: the other half is for pg_dump, and for the platform.</param>
internal sealed record SnapshotRoom(int Connections, long Locks)
{
    /// <summary>A program of PostgreSQL, a question about the cluster, and somebody who looks after it.</summary>
    private const int Aside = 4;

    private const string Query = """
        SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true), '0')::int
                - (SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE backend_type IS NULL OR backend_type = 'client backend') + 1,
            current_setting('max_locks_per_transaction')::bigint * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) / 2
        """;

    /// <summary>Asks the server.</summary>
    /// <param name="connection">A session, which counts as free.</param>
    /// <param name="workers">Connections that a dump takes besides that of its snapshot.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<SnapshotRoom> AskAsync(NpgsqlConnection connection, int workers, CancellationToken cancellation)
    {
        var row = (await connection.RowsAsync(Query, found => found, cancellation))[0];
        var free = int.Parse(row[0], System.Globalization.CultureInfo.InvariantCulture) - workers - Aside;
        return new SnapshotRoom(Math.Max(1, free), long.Parse(row[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
