using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// One snapshot in the making. Sources may be added from several tasks at once; nothing is visible in the repository
/// until <see cref="CommitAsync"/>. Disposed before that, the blobs written so far stay and are found again by the next
/// run (or removed by restic's prune). Memory is bounded by <see cref="OpenOptions.MemoryLimit"/>.
/// </summary>
public sealed class SnapshotWriter : IAsyncDisposable
{
    public ArchiveCounters Counters { get; } = new();

    /// <summary>
    /// Archives local files and directories, with everything below them. Parent directories get their own metadata.
    /// Files unchanged since the parent snapshot (size, mtime, ctime, inode) are not read again.
    /// </summary>
    /// <returns>The paths that do not exist.</returns>
    public Task<IReadOnlyList<string>> AddPathsAsync(IReadOnlyList<string> absolutePaths, ArchiveOptions options, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Archives what a stream delivers, to its end, as the file at an absolute path of the snapshot.</summary>
    public Task<StoredEntry> AddStreamAsync(string path, Stream content, EntryMetadata? metadata = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Writes the trees, the index and the snapshot; it returns when all of it is durable.</summary>
    public Task<Snapshot> CommitAsync(SnapshotHeader header, CancellationToken cancellation = default) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
