using System.Runtime.ExceptionServices;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// A snapshot that is being written. Sources may be added from several tasks at once; nothing is visible in the
/// repository until it is committed. When it is disposed before that, the blobs written so far remain, and are reused
/// by the next run (or removed by restic's prune). Memory is bounded by <see cref="OpenOptions.MemoryLimit"/>.
/// </summary>
public sealed class SnapshotWriter : IAsyncDisposable
{
    private readonly Repository _repository;
    private readonly Snapshot? _parent;
    private readonly ArchiveBuffers _buffers;
    private readonly BlobWriter _blobs;
    private readonly ChunkPipeline _chunks;
    private readonly CancellationTokenSource _stop = new();
    private readonly TreeBranch _root = new();
    private readonly Lock _gate = new();
    private readonly Timestamp _begun;
    private bool _committed;

    internal SnapshotWriter(Repository repository, BlobIndex index, Snapshot? parent)
    {
        (_repository, _parent) = (repository, parent);
        _begun = Timestamp.Now(repository.Options.Clock);
        _buffers = repository.LendBuffers();
        _blobs = new BlobWriter(repository, index, Counters, _buffers);
        _chunks = new ChunkPipeline(repository, _blobs, _buffers.Chunks, Counters, _stop.Token);
    }

    public ArchiveCounters Counters { get; } = new();

    /// <summary>
    /// Archives local files and directories, with everything below them. Parent directories get their own metadata.
    /// Files unchanged since the parent snapshot (size, mtime, ctime, inode) are not read again; a path that this
    /// snapshot already contains is compared with that version and replaced.
    /// </summary>
    /// <returns>The paths that do not exist.</returns>
    public async Task<IReadOnlyList<string>> AddPathsAsync(IReadOnlyList<string> absolutePaths, ArchiveOptions options, CancellationToken cancellation = default)
    {
        var missing = new List<string>();
        var begun = new List<(string Path, Task<Node?> Node)>();
        // Trees of this snapshot can be used for the comparison once they can be read.
        if (absolutePaths.Any(path => Find(options.Prefix + path) is not null)) await _blobs.FlushAsync(cancellation);
        await using (var archiver = new FileArchiver(_repository, new WalkedFolder("/"), _blobs, _chunks, options.Counters ?? Counters, options, cancellation))
        {
            try
            {
                foreach (var path in Outermost(absolutePaths))
                {
                    if (IsMissing(path)) missing.Add(path);
                    else begun.Add((path, await archiver.BeginAsync(path, NameOf(path), await FindPreviousAsync(options.Prefix + path, cancellation))));
                }
                await Task.WhenAll(begun.Select(b => b.Node));
            }
            catch (OperationCanceledException) when (archiver.Failure is { } failure)
            {
                ExceptionDispatchInfo.Throw(failure);
            }
        }
        foreach (var (path, task) in begun)
            if (await task is { } node) Put(options.Prefix + path, node, path);
        return missing;
    }

    /// <summary>
    /// Archives a local directory, with everything below it, as the directory at an absolute path of the snapshot.
    /// </summary>
    /// <param name="directory">Its absolute local path.</param>
    /// <param name="path">The absolute path in the snapshot.</param>
    /// <param name="parent">The snapshot to compare with, at the same path; null to read everything.</param>
    /// <param name="options">How to archive; the prefix has no effect here.</param>
    /// <param name="cancellation">Cancels the archiving.</param>
    /// <returns>
    /// False when the directory does not exist, is not a directory (a symbolic link to one is not), or could not be
    /// read and a warning was issued.
    /// </returns>
    public async Task<bool> AddDirectoryAsync(string directory, string path, Snapshot? parent, ArchiveOptions options, CancellationToken cancellation = default)
    {
        var previous = parent is null ? null : await TryFindAsync(parent, path, cancellation);
        if (!IsDirectory(directory, options)) return false;
        await using var archiver = new FileArchiver(_repository, new WalkedFolder(directory, options.OwnedBy), _blobs, _chunks, options.Counters ?? Counters, options, cancellation);
        try
        {
            var node = await await archiver.BeginAsync(directory, NameOf(path), previous);
            if (node is not { Type: NodeType.Directory }) return false;
            Put(path, node);
            return true;
        }
        catch (OperationCanceledException) when (archiver.Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
            throw;
        }
    }

    /// <summary>Archives a stream, to its end, as the file at an absolute path of the snapshot.</summary>
    public async Task<StoredEntry> AddStreamAsync(string path, Stream content, EntryMetadata? metadata = null, CancellationToken cancellation = default)
    {
        metadata ??= new EntryMetadata();
        var stored = await _chunks.StoreAsync(content.ReadAsync, cancellation, metadata.ChunkSize);
        Put(path, NewNode(path, metadata) with { Type = NodeType.File, Links = 1, Size = (ulong)stored.Size, Content = stored.Blobs });
        Interlocked.Increment(ref Counters.FilesNew);
        return new StoredEntry(path, stored.Size, stored.BytesAdded);
    }

    /// <summary>
    /// Adds a file or a whole directory of another snapshot of this repository at an absolute path, unchanged: nothing
    /// is read, and only the tree that refers to it is stored.
    /// </summary>
    public void AddNode(string path, Node node) => Put(path, node);

    /// <summary>
    /// Removes from the snapshot what was added at an absolute path or below it. Blobs stored for it remain, and are
    /// reused.
    /// </summary>
    public void Remove(string path)
    {
        lock (_gate) _root.Remove(path);
    }

    /// <summary>
    /// Sets the metadata of the directory at an absolute path of the snapshot, and creates it if nothing is added below
    /// it.
    /// </summary>
    public void AddDirectory(string path, EntryMetadata metadata)
    {
        var node = NewNode(path, metadata);
        lock (_gate) _root.PutDirectory(path, node with { Mode = GoMode.Directory | node.Mode });
    }

    /// <summary>Creates the node of a directory without a local counterpart.</summary>
    private Node NewNode(string path, EntryMetadata metadata)
    {
        var time = metadata.ModifyTime ?? _begun;
        return new Node
        {
            Name = NameOf(path), Type = NodeType.Directory, Mode = metadata.Permissions, Uid = metadata.Uid, Gid = metadata.Gid,
            User = metadata.User ?? Accounts.UserName(metadata.Uid), Group = metadata.Group ?? Accounts.GroupName(metadata.Gid), ModifyTime = time, AccessTime = time, ChangeTime = time,
        };
    }

    /// <summary>Writes the trees, the index and the snapshot; everything is durable when it returns.</summary>
    public async Task<Snapshot> CommitAsync(SnapshotHeader header, CancellationToken cancellation = default) =>
        await CommitAsync(await SealAsync(header, cancellation), cancellation);

    /// <summary>
    /// Writes the trees and the index: everything that the snapshot needs is durable then, and can be verified before
    /// the snapshot is visible. Nothing may be added afterwards.
    /// </summary>
    /// <returns>The snapshot, which has no id yet.</returns>
    public async Task<Snapshot> SealAsync(SnapshotHeader header, CancellationToken cancellation = default)
    {
        var nodes = new NodeReader(_repository.Options.Clock.LocalTimeZone);
        var tree = await _root.StoreAsync(_blobs, nodes, _begun, cancellation);
        await _chunks.DisposeAsync();
        _buffers.EndChunks();
        await _blobs.FlushAsync(cancellation);
        _blobs.End();
        return new Snapshot
        {
            Time = header.Time ?? _begun, Parent = _parent?.Id, Tree = tree, Paths = header.Paths, Hostname = header.Hostname,
            Username = header.Username, Uid = Accounts.EffectiveUser, Gid = Accounts.EffectiveGroup, Excludes = header.Excludes, Tags = header.Tags,
        };
    }

    /// <summary>Writes a sealed snapshot; it is durable when this returns.</summary>
    /// <returns>The snapshot with its id.</returns>
    public async Task<Snapshot> CommitAsync(Snapshot sealedSnapshot, CancellationToken cancellation = default)
    {
        var id = await _repository.SaveUnpackedAsync(FileKind.Snapshot, SnapshotCodec.Encode(sealedSnapshot), cancellation);
        _committed = true;
        return sealedSnapshot with { Id = id };
    }

    private void Put(string path, Node node, string? localPath = null)
    {
        lock (_gate) _root.Put(path, node, localPath);
    }

    private Node? Find(string path)
    {
        lock (_gate) return _root.Find(path);
    }

    private async Task<Node?> FindPreviousAsync(string path, CancellationToken cancellation) =>
        Find(path) is { } earlier ? earlier : _parent is null ? null : await TryFindAsync(_parent, path, cancellation);

    /// <summary>
    /// Treats what a damaged parent has lost as absent: everything is read then, and stored again where the index shows
    /// that it is missing.
    /// </summary>
    private async Task<Node?> TryFindAsync(Snapshot parent, string path, CancellationToken cancellation)
    {
        try
        {
            return await _repository.FindNodeAsync(parent, path, cancellation);
        }
        catch (ResticException lost) when (lost.IsLoss)
        {
            return null;
        }
    }

    private static bool IsDirectory(string path, ArchiveOptions options)
    {
        try
        {
            return FileStatus.TryFind(path, out var status) && status.Type == NodeType.Directory;
        }
        catch (PosixException unseen)
        {
            options.OnWarning?.Invoke(new ArchiveWarning(path, unseen.Message, Left: true));
            return false;
        }
    }

    // A path whose status cannot be read may exist: the archiver reports why it cannot be read.
    private static bool IsMissing(string path)
    {
        try
        {
            return !FileStatus.TryFind(path, out _);
        }
        catch (PosixException)
        {
            return false;
        }
    }

    private static string NameOf(string path) => path[(path.TrimEnd('/').LastIndexOf('/') + 1)..].TrimEnd('/');

    /// <summary>Returns the paths that are not below another one, sorted, without duplicates.</summary>
    private static IEnumerable<string> Outermost(IEnumerable<string> paths)
    {
        string? last = null;
        foreach (var path in paths.Select(p => p.Length > 1 ? p.TrimEnd('/') : p).OrderBy(p => p + '/', StringComparer.Ordinal))
        {
            if (last is not null && (path + '/').StartsWith(last.TrimEnd('/') + '/', StringComparison.Ordinal)) continue;
            yield return last = path;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_committed) await _stop.CancelAsync();
        await _chunks.DisposeAsync();
        if (!_committed) await KeepPacksFindableAsync();
        _blobs.Dispose();
        _repository.TakeBack(_buffers);
        _stop.Dispose();
    }

    /// <summary>
    /// Writes an index of what was stored before a failure. If that fails as well, the failure that ended the run is
    /// the one that is reported.
    /// </summary>
    private async Task KeepPacksFindableAsync()
    {
        try
        {
            await _blobs.WriteIndexAsync(CancellationToken.None);
        }
        catch (ResticException)
        {
            // The packs remain without an index; restic's 'prune' or 'rebuild-index' finds them. The next snapshot of
            // this process must not rely on them.
            await _repository.DropIndexAsync();
        }
    }
}
