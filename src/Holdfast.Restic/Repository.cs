using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic;

/// <summary>
/// An opened repository in restic's format, version 1 or 2. All methods may be called from several threads.
/// Failures are <see cref="ResticException"/>.
/// </summary>
public sealed class Repository : IAsyncDisposable
{
    /// <summary>The random identity of the repository, from its config.</summary>
    public Id RepositoryId => throw new NotImplementedException();

    /// <summary>The version of the format: 1 or 2.</summary>
    public int Version => throw new NotImplementedException();

    public IBackend Backend => throw new NotImplementedException();

    /// <summary>Makes a new repository with one key, and opens it. AlreadyThere when there is one.</summary>
    public static Task<Repository> InitAsync(IBackend backend, string password, InitOptions? init = null, OpenOptions? open = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Opens a repository: NoRepository, WrongPassword, Damaged, Unsupported.</summary>
    public static Task<Repository> OpenAsync(IBackend backend, string password, OpenOptions? options = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>The keys that open the repository.</summary>
    public Task<IReadOnlyList<KeyInfo>> ListKeysAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Adds a key for another password.</summary>
    public Task<KeyInfo> AddKeyAsync(string password, KeyDerivation? derivation = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Removes a key; the one that this repository was opened with is refused.</summary>
    public Task RemoveKeyAsync(Id key, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>
    /// Writes a lock and waits until it holds: shared for readers and writers that add, exclusive for what removes.
    /// Locks of dead processes on this host, and locks older than 30 minutes, are passed over. Locked when another holds one.
    /// The lock is refreshed every 5 minutes until it is disposed.
    /// </summary>
    public Task<RepositoryLock> LockAsync(LockKind kind, TimeSpan? wait = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>All snapshots, oldest first.</summary>
    public Task<IReadOnlyList<Snapshot>> ListSnapshotsAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>A snapshot by its id or the beginning of it, or "latest": NotFound, Ambiguous.</summary>
    public Task<Snapshot> FindSnapshotAsync(string name, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>The node at an absolute path of a snapshot, or null. "/" is the root.</summary>
    public Task<Node?> FindNodeAsync(Snapshot snapshot, string path, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Every node of a snapshot below a path, with its absolute path, parents before children, names bytewise sorted.</summary>
    public IAsyncEnumerable<(string Path, Node Node)> WalkAsync(Snapshot snapshot, string below = "/", CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>The nodes of one directory.</summary>
    public Task<IReadOnlyList<Node>> ReadTreeAsync(Id tree, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>The content of a file, read blob by blob, each one verified; read ahead, seekable is not.</summary>
    public Stream OpenFile(Node file) => throw new NotImplementedException();

    /// <summary>Begins a snapshot. Files unchanged since <paramref name="parent"/> are not read again.</summary>
    public Task<SnapshotWriter> BeginSnapshotAsync(Snapshot? parent = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Removes a snapshot's file; its data stays until a prune.</summary>
    public Task ForgetAsync(Id snapshot, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Restores what is below a path of a snapshot into a directory.</summary>
    public Task<RestoreReport> RestoreAsync(Snapshot snapshot, string below, string target, RestoreOptions options, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Checks structure, and data if asked. What is wrong is in the report; only what stops the check itself is thrown.</summary>
    public Task<CheckReport> CheckAsync(CheckOptions options, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Removes locks: stale ones, or all. Returns those removed.</summary>
    public Task<IReadOnlyList<LockInfo>> UnlockAsync(bool all, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>What the repository weighs.</summary>
    public Task<RepositoryStatistics> StatisticsAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>A key of the repository, as far as it can be told without its password.</summary>
public sealed record KeyInfo(Id Id, string Username, string Hostname, Timestamp Created, bool Current);

/// <summary>Counts and bytes of a repository. Stored bytes are as the backend lists them.</summary>
public sealed record RepositoryStatistics(int Snapshots, int Packs, long PackBytes, long DataBlobs, long TreeBlobs, long BlobBytes, long StoredBytes);
