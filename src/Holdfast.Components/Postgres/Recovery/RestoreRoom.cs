using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Compares how much a restore will write to each file system with the free space there, before anything is changed.
/// </summary>
internal sealed class RestoreRoom
{
    private readonly IReadOnlyList<string> _mounts = MountTable.Places();
    private readonly Dictionary<string, long> _needed = new(StringComparer.Ordinal);
    private readonly RestorePlaces _places;

    private RestoreRoom(RestorePlaces places) => _places = places;

    /// <summary>
    /// Adds up the sizes of the files of a recovery point; for files that are replaced in place, only their growth.
    /// </summary>
    public static async Task<RestoreRoom> MeasureAsync(RestoreSession session, string cluster, RestorePlaces places, bool isInPlace, CancellationToken cancellation)
    {
        var room = new RestoreRoom(places);
        await room.AddAsync(session, BasePath.Data(cluster), places.Data, isInPlace, cancellation);
        foreach (var tablespace in places.Tablespaces)
            await room.AddAsync(session, BasePath.Tablespace(cluster, tablespace.Oid), tablespace.Folder, isInPlace, cancellation);
        return room;
    }

    /// <summary>Returns true for a mount point, which cannot be renamed.</summary>
    public bool IsMount(string path) => _mounts.Contains(path, StringComparer.Ordinal);

    /// <summary>Returns whether the given number of bytes of WAL fits beside the files.</summary>
    public bool Fits(long wal) => FileSystemSpace.Of(_places.Data).Free >= Needed(MountOf(_places.Data)) + wal;

    /// <exception cref="ProblemException">The file system has less free space than the restore will write.</exception>
    public void Check(string cluster, long wal)
    {
        foreach (var (mount, path) in _places.Tablespaces.Select(tablespace => tablespace.Folder).Prepend(_places.Data).Select(path => (MountOf(path), path)).DistinctBy(pair => pair.Item1, StringComparer.Ordinal))
        {
            var needed = Needed(mount) + (mount == MountOf(_places.Data) ? wal : 0);
            if (FileSystemSpace.Of(path) is { } space && space.Free < needed)
                throw Catalogue.TargetFull.Throwable(
                    $"The restore of {cluster} writes {ByteSize.Describe(needed)} to the file system at {mount}, which has {ByteSize.Describe(space.Free)} left.",
                    "Make room there, restore with --delta over what stands there, choose another --target or --tablespace; or say --ignore-space, where the file system compresses.");
        }
    }

    private long Needed(string mount) => _needed.GetValueOrDefault(mount);

    private async Task AddAsync(RestoreSession session, string source, string folder, bool isInPlace, CancellationToken cancellation)
    {
        if (await session.Repository.FindNodeAsync(session.Point, source, cancellation) is null) return;
        var mount = MountOf(folder);
        var sum = Needed(mount);
        await foreach (var (path, node) in session.Repository.WalkAsync(session.Point, source, cancellation))
            if (node.Type == NodeType.File) sum += Math.Max(0, (long)node.Size - (isInPlace ? Standing(folder + path[source.Length..]) : 0));
        _needed[mount] = sum;
    }

    /// <summary>
    /// Returns the size of an existing file that is replaced; 0 when it has other names, which keep its space.
    /// </summary>
    private static long Standing(string path) => new FileInfo(path) is { Exists: true } file && !LocalEntries.HasOtherNames(path) ? file.Length : 0;

    private string MountOf(string path) => _mounts.Where(mount => mount == "/" || path == mount || path.StartsWith(mount + '/', StringComparison.Ordinal)).MaxBy(mount => mount.Length) ?? "/";
}
