using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Verifies that a server on this machine has enough disk space for a restore of dumps. A server that has no space for
/// its WAL stops and does not start again, so this is verified before anything is written. Each database is loaded
/// beside the existing one, which keeps its space until the end.
/// </summary>
internal sealed class DumpRoom
{
    private const string LargestWal = "SELECT setting::bigint * 1048576 FROM pg_catalog.pg_settings WHERE name = 'max_wal_size'";

    private const string Tablespaces = "SELECT spcname, pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')";

    private readonly Dictionary<string, long> _needed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _folders = new(StringComparer.Ordinal);
    private readonly string _data;
    private readonly long _wal;

    private DumpRoom(string data, long wal) => (_data, _wal) = (data, wal);

    public static async Task<DumpRoom> FindAsync(NpgsqlConnection connection, LocalServer server, CancellationToken cancellation)
    {
        var room = new DumpRoom(server.Data, await connection.ScalarAsync<long?>(LargestWal, cancellation) ?? 0);
        foreach (var tablespace in await connection.RowsAsync(Tablespaces, found => found, cancellation)) room._folders[tablespace[0]] = tablespace[1];
        return room;
    }

    /// <exception cref="ProblemException">The file system has less free space than the restore will write.</exception>
    public void Check(IEnumerable<DatabaseContents> databases)
    {
        long all = 0;
        foreach (var database in databases)
        {
            all += database.DiskSize;
            foreach (var (tablespace, bytes) in database.SizeByTablespace) Add(_folders.GetValueOrDefault(tablespace, _data), bytes);
        }
        var wal = Path.Join(_data, "pg_wal");
        Add(wal, Math.Max(0, Math.Min(all, _wal) - SizeOf(wal)));
        foreach (var (place, needed) in _needed.GroupBy(pair => DeviceOf(pair.Key), StringComparer.Ordinal).Select(group => (group.First().Key, group.Sum(pair => pair.Value))))
            Require(place, needed);
    }

    private static void Require(string place, long needed)
    {
        if (!Directory.Exists(place) || FileSystemSpace.Of(place) is not { } space || space.Free >= needed) return;
        throw Catalogue.PostgresFull.Throwable(
            $"The restore writes about {ByteSize.Describe(needed)} to the file system of {place}, which has {ByteSize.Describe(space.Free)} left; a database that is there keeps its room meanwhile.",
            "Make room there, or restore one database after the other by --include and drop what is replaced; --ignore-space goes on where the file system compresses.");
    }

    private void Add(string place, long bytes) => _needed[place] = _needed.GetValueOrDefault(place) + bytes;

    private static long SizeOf(string folder) => Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length) : 0;

    /// <summary>Returns the file system of a path: its deepest mount point.</summary>
    private static string DeviceOf(string path)
    {
        var real = Directory.Exists(path) ? new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path : path;
        return Mounts.Where(mount => (real + "/").StartsWith(mount.TrimEnd('/') + "/", StringComparison.Ordinal)).MaxBy(mount => mount.Length) ?? "/";
    }

    private static IReadOnlyList<string> Mounts { get; } = MountTable.Places();
}
