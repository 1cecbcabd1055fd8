using Holdfast.Engine.Hosts;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>A server whose files are on this machine.</summary>
/// <param name="Data">Its data directory.</param>
internal sealed record LocalServer(string Data)
{
    private const int LargestPidFile = 64 << 10;
    /// <summary>
    /// Queries the data directory, which the server shows to superusers and members of pg_read_all_settings only; for
    /// any other role the query is an error.
    /// </summary>
    private const string Places = """
        SELECT CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory', true) ELSE '' END, current_setting('port')
        """;

    /// <summary>Finds the server's files; null when they are not on this machine, or are not accessible.</summary>
    public static async Task<LocalServer?> FindAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var row = (await connection.RowsAsync(Places, found => found, cancellation))[0];
        return row[0].Length > 0 && IsHere(row[0], row[1]) ? new LocalServer(row[0]) : null;
    }

    /// <summary>User and group that the server runs as.</summary>
    public (uint User, uint Group) Owner => ActingUser.OwnerOf(Data);

    /// <summary>
    /// Whether the data directory belongs to this server: one of the same path may be another machine's, so the port in
    /// its postmaster.pid is compared. Source: PostgreSQL's pidfile.h.
    /// </summary>
    private static bool IsHere(string data, string port)
    {
        try
        {
            return OwnedFile.ReadText(Path.Join(data, "postmaster.pid"), LargestPidFile).Split('\n').ElementAtOrDefault(3)?.Trim() == port;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
