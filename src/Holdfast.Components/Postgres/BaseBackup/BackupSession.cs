using System.Globalization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>The result of pg_backup_stop: where the backup ends, backup_label and tablespace_map.</summary>
internal sealed record BackupEnd(NpgsqlLogSequenceNumber Lsn, string Label, string TablespaceMap);

/// <summary>
/// The session that a base backup is bound to. It needs no undo: when the session ends, even because Holdfast is
/// killed, the server itself aborts a non-exclusive backup and drops a temporary slot. Source: PostgreSQL's manual,
/// 26.3.3.1, "Making a Non-Exclusive Low-Level Backup", and 9.27.6, "Replication Management Functions".
/// </summary>
internal sealed class BackupSession(PostgresConnector connector, NpgsqlConnection connection, int version) : IAsyncDisposable
{
    private const int Renamed = 150_000; // pg_start_backup was renamed to pg_backup_start

    public static async Task<BackupSession> OpenAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        var connection = await connector.OpenMaintenanceAsync(cancellation);
        try
        {
            var version = await connection.VersionAsync(cancellation);
            if (version >= 140_000) await connection.ExecuteAsync("SET idle_session_timeout = 0", cancellation);
            return new BackupSession(connector, connection, version);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public Task<ClusterFacts> AskAsync(CancellationToken cancellation) => ClusterFacts.AskAsync(connector, connection, cancellation);

    /// <summary>Makes the server keep all WAL from now on, as long as the session lasts.</summary>
    public Task ReserveWalAsync(string slot, CancellationToken cancellation) => TryAsync(
        "Keeping the WAL of the backup by a replication slot failed",
        () => connection.ExecuteAsync($"SELECT pg_catalog.pg_create_physical_replication_slot({Sql.Literal(slot)}, true, true)", cancellation));

    /// <summary>Starts a backup with an immediate checkpoint. Returns the LSN where replay will begin.</summary>
    public Task<NpgsqlLogSequenceNumber> StartAsync(string label, CancellationToken cancellation) => TryAsync(
        "The server did not begin a base backup",
        () => LsnAsync(version >= Renamed ? $"SELECT pg_catalog.pg_backup_start({Sql.Literal(label)}, true)" : $"SELECT pg_catalog.pg_start_backup({Sql.Literal(label)}, true, false)", cancellation));

    /// <summary>
    /// Returns the timeline that the server writes; pg_control holds only the timeline of the last checkpoint.
    /// </summary>
    public Task<uint> TimelineAsync(NpgsqlLogSequenceNumber address, CancellationToken cancellation) => TryAsync(
        "The server did not tell its timeline",
        async () => (await connection.RowsAsync($"SELECT pg_catalog.pg_walfile_name('{address}')", row => uint.Parse(row[0][..8], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), cancellation))[0]);

    /// <summary>Ends the backup. The server does not wait for its archive: Holdfast fetches the WAL itself.</summary>
    public Task<BackupEnd> StopAsync(CancellationToken cancellation) => TryAsync(
        "The server did not end the base backup",
        async () => (await connection.RowsAsync(
            $"SELECT lsn, labelfile, spcmapfile FROM pg_catalog.{(version >= Renamed ? "pg_backup_stop(false)" : "pg_stop_backup(false, false)")}",
            row => new BackupEnd(NpgsqlLogSequenceNumber.Parse(row[0]), row[1], row[2]), cancellation))[0]);

    /// <summary>Creates a restore point, and completes the segment that holds it.</summary>
    public Task<NpgsqlLogSequenceNumber> MarkAsync(string name, CancellationToken cancellation) => TryAsync(
        "The server did not make a restore point",
        async () =>
        {
            var lsn = await LsnAsync($"SELECT pg_catalog.pg_create_restore_point({Sql.Literal(name)})", cancellation);
            await connection.ExecuteAsync("SELECT pg_catalog.pg_switch_wal()", cancellation);
            return lsn;
        });

    /// <summary>
    /// Returns the LSN up to which the server has written; on a standby, up to which it has replayed.
    /// </summary>
    public Task<NpgsqlLogSequenceNumber> ReachedAsync(bool isStandby, CancellationToken cancellation) => TryAsync(
        "The server did not tell how far it is",
        () => LsnAsync(isStandby ? "SELECT pg_catalog.pg_last_wal_replay_lsn()" : "SELECT pg_catalog.pg_current_wal_insert_lsn()", cancellation));

    /// <summary>Returns the name of a run's replication slot.</summary>
    public static string Slot(string run) => $"holdfast_{run.ToLowerInvariant().Replace('-', '_')}";

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private async Task<NpgsqlLogSequenceNumber> LsnAsync(string sql, CancellationToken cancellation) =>
        NpgsqlLogSequenceNumber.Parse((await connection.RowsAsync(sql, row => row[0], cancellation))[0]);

    private static Task<bool> TryAsync(string what, Func<Task> act) => TryAsync(what, async () =>
    {
        await act();
        return true;
    });

    private static async Task<T> TryAsync<T>(string what, Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, what, Engine.Problems.Catalogue.PostgresBackup);
        }
    }
}
