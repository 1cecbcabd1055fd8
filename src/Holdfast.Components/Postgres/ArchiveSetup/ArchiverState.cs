using System.Globalization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Npgsql;

namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>The server's archiving settings and pg_stat_archiver.</summary>
/// <param name="Mode">archive_mode: "off", "on" or "always".</param>
/// <param name="Command">archive_command; empty when archiving is off or uses archive_library.</param>
/// <param name="Current">The segment that is being written; null on a standby.</param>
/// <param name="Ready">The number of files that wait to be archived.</param>
/// <param name="Archived">When a file was last archived, by the server's clock.</param>
/// <param name="LastArchived">The name of that file.</param>
/// <param name="Failed">When archiving last failed.</param>
/// <param name="LastFailed">The name of the file that failed.</param>
/// <param name="System">The cluster's system identifier.</param>
internal sealed record ArchiverState(string Mode, string Command, WalSegment? Current, int Ready, DateTimeOffset? Archived, string LastArchived, DateTimeOffset? Failed, string LastFailed, ulong System)
{
    /// <summary>True when the last attempt failed.</summary>
    public bool IsFailing => Failed is not null && (Archived is null || Failed > Archived);

    public static async Task<ArchiverState> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var waiting = await connection.VersionAsync(cancellation) >= 120000 ? "SELECT name FROM pg_ls_archive_statusdir()" : "SELECT pg_ls_dir('pg_wal/archive_status') AS name";
        var sql = $"""
            SELECT current_setting('archive_mode'), current_setting('archive_command'),
                   CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_walfile_name(pg_current_wal_insert_lsn()) END,
                   (SELECT count(*) FROM ({waiting}) AS files WHERE name LIKE '%.ready'),
                   extract(epoch FROM last_archived_time), last_archived_wal, extract(epoch FROM last_failed_time), last_failed_wal, (SELECT system_identifier FROM pg_control_system())
            FROM pg_stat_archiver
            """;
        return (await connection.RowsAsync(sql, Read, cancellation))[0];
    }

    private static ArchiverState Read(string[] row) => new(
        row[0], row[1] == "(disabled)" ? "" : row[1], WalSegment.TryParse(row[2], out var current) ? current : null, int.Parse(row[3], CultureInfo.InvariantCulture),
        Time(row[4]), row[5], Time(row[6]), row[7], unchecked((ulong)long.Parse(row[8], CultureInfo.InvariantCulture)));

    private static DateTimeOffset? Time(string seconds) =>
        seconds.Length == 0 ? null : DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
}
