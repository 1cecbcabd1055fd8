using System.Runtime.CompilerServices;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Chunking;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Keys;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic;

/// <summary>
/// An opened repository in restic's format, version 1 or 2. All methods may be called from several threads.
/// Failures are <see cref="ResticException"/>.
/// </summary>
public sealed partial class Repository : IAsyncDisposable
{
    private readonly RepositoryKey _key;
    private readonly Id _keyId;
    private readonly StoredFiles _files;
    private readonly BlobDecoder _decoder;
    private readonly Config _config;
    private readonly LoadedIndex _index;
    private ArchiveBuffers? _buffers;

    private Repository(IBackend backend, OpenOptions options, Id keyId, RepositoryKey key, Config config, SealerPool sealers, BlobDecoder decoder, StoredFiles files)
    {
        (Backend, Options, _keyId, _key, _config, Sealers, _decoder, _files) = (backend, options, keyId, key, config, sealers, decoder, files);
        Chunker = new RabinChunker(config.ChunkerPolynomial);
        _index = new LoadedIndex(backend, files);
    }

    /// <summary>The random identity of the repository, from its config.</summary>
    public Id RepositoryId => _config.Id;

    /// <summary>The version of the format: 1 or 2.</summary>
    public int Version => _config.Version;

    public IBackend Backend { get; }

    /// <summary>The options that the repository was opened with.</summary>
    public OpenOptions Options { get; }

    internal SealerPool Sealers { get; }

    internal RabinChunker Chunker { get; }

    internal bool Compresses => Version >= 2;

    /// <summary>
    /// Returns whether there is a repository; false when one can be created at the location. Nothing is written.
    /// ConfigLost, Occupied.
    /// </summary>
    public static Task<bool> ExistsAsync(IBackend backend, CancellationToken cancellation = default) => RepositoryPlace.HasRepositoryAsync(backend, cancellation);

    /// <summary>
    /// Creates a new repository with one key, and opens it. AlreadyThere when there is one, ConfigLost when there are
    /// remains of one, Occupied when there are other files.
    /// </summary>
    public static async Task<Repository> InitAsync(IBackend backend, string password, InitOptions? init = null, OpenOptions? open = null, CancellationToken cancellation = default)
    {
        init ??= new InitOptions();
        open ??= new OpenOptions();
        if (await ExistsAsync(backend, cancellation))
            throw new ResticException(ResticError.AlreadyThere, $"There is a repository in {backend.Location} already.");
        await backend.CreateAsync(cancellation);
        var key = RepositoryKey.Random();
        var added = await new KeyRing(backend, open.Clock).AddAsync(key, password, init.KeyDerivation, cancellation);
        var config = new Config(init.Version, Id.Hash(System.Security.Cryptography.RandomNumberGenerator.GetBytes(Id.Size)), init.Like?._config.ChunkerPolynomial ?? Polynomial.Random());
        var repository = Assemble(backend, open, added.Id, key, config);
        try
        {
            await repository._files.SaveAsync(FileKind.Config, config.Write(), compress: false, cancellation);
            return repository;
        }
        catch
        {
            // A remaining key that opens nothing would look like the remains of a repository.
            await backend.RemoveAsync(FileKind.Key, added.Id.ToString(), CancellationToken.None);
            throw;
        }
    }

    /// <summary>Opens a repository: NoRepository, ConfigLost, KeysLost, WrongPassword, Damaged, Unsupported.</summary>
    public static async Task<Repository> OpenAsync(IBackend backend, string password, OpenOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new OpenOptions();
        var sealedConfig = await RepositoryPlace.ReadConfigAsync(backend, cancellation);
        var hints = new KeyHints(backend.IsRemote ? options.Cache : null, backend.Location);
        ResticException? misfit = null;
        await foreach (var (keyId, key) in new KeyRing(backend, options.Clock).OpenAllAsync(password, hints.Find(), cancellation))
        {
            try
            {
                var opened = Assemble(backend, options, keyId, key, OpenConfig(backend, key, [.. sealedConfig]));
                hints.Note(keyId);
                return opened;
            }
            catch (ResticException other) when (other.Error == ResticError.Damaged)
            {
                misfit ??= other; // the same password may open the key of another repository that was copied here by mistake
            }
        }
        throw misfit!;
    }

    private static Config OpenConfig(IBackend backend, RepositoryKey key, byte[] stored)
    {
        using var sealers = new SealerPool(key);
        using var decoder = new BlobDecoder(sealers, 1);
        return Config.Read(new StoredFiles(backend, sealers, decoder).Open(FileKind.Config, "", stored));
    }

    private static Repository Assemble(IBackend backend, OpenOptions options, Id keyId, RepositoryKey key, Config config)
    {
        var sealers = new SealerPool(key);
        var decoder = new BlobDecoder(sealers, options.CompressionLevel);
        var cache = options.Cache is { } local && backend.IsRemote ? LocalCache.Open(local, config.Id, options.Clock) : null;
        return new Repository(backend, options, keyId, key, config, sealers, decoder, new StoredFiles(backend, sealers, decoder) { Cache = cache });
    }

    /// <summary>The keys that open the repository.</summary>
    public Task<IReadOnlyList<KeyInfo>> ListKeysAsync(CancellationToken cancellation = default) =>
        new KeyRing(Backend, Options.Clock).ListAsync(_keyId, cancellation);

    /// <summary>Adds a key with another password.</summary>
    public Task<KeyInfo> AddKeyAsync(string password, KeyDerivation? derivation = null, CancellationToken cancellation = default) =>
        new KeyRing(Backend, Options.Clock).AddAsync(_key, password, derivation ?? KeyDerivation.Default, cancellation);

    /// <summary>Removes a key; the key that this repository was opened with is refused.</summary>
    public async Task RemoveKeyAsync(Id key, CancellationToken cancellation = default)
    {
        if (key == _keyId) throw new ResticException(ResticError.Unsupported, "The key that opened the repository can't be removed with itself.");
        await Backend.SizeAsync(FileKind.Key, key.ToString(), cancellation);
        await Backend.RemoveAsync(FileKind.Key, key.ToString(), cancellation);
    }

    /// <summary>
    /// Acquires a lock: shared for readers and for writers that add, exclusive for operations that remove. Locks of
    /// processes that are known to be dead, and shared ones older than 30 minutes, are ignored. Locked when another
    /// process holds a conflicting lock. The lock is refreshed every 5 minutes until it is disposed of.
    /// </summary>
    public Task<RepositoryLock> LockAsync(LockKind kind, TimeSpan? wait = null, CancellationToken cancellation = default) =>
        RepositoryLock.AcquireAsync(this, kind, wait, cancellation);

    /// <summary>
    /// Acquires a shared lock for a reader. Null where nothing can be written (a read-only medium, or read permission
    /// only): then data may be removed while it is read. Locked when another process holds an exclusive lock, there
    /// too.
    /// </summary>
    public Task<RepositoryLock?> LockToReadAsync(TimeSpan? wait = null, CancellationToken cancellation = default) =>
        RepositoryLock.AcquireToReadAsync(this, wait, cancellation);

    /// <summary>
    /// Returns all snapshots, oldest first: Damaged when one cannot be read, so that no decision on removals is made
    /// without it.
    /// </summary>
    public Task<IReadOnlyList<Snapshot>> ListSnapshotsAsync(CancellationToken cancellation = default) => Snapshots.ListAsync(cancellation);

    /// <summary>
    /// Returns the readable snapshots, and the names of the unreadable ones: for callers that search for a snapshot and
    /// remove nothing.
    /// </summary>
    public Task<SnapshotListing> ListReadableSnapshotsAsync(CancellationToken cancellation = default) => Snapshots.ListReadableAsync(cancellation);

    /// <summary>Returns the ids of all snapshots, unordered; no file is read.</summary>
    public async Task<IReadOnlyList<Id>> ListSnapshotIdsAsync(CancellationToken cancellation = default)
    {
        var ids = new List<Id>();
        await foreach (var stored in Backend.ListAsync(FileKind.Snapshot, cancellation)) ids.Add(Id.Parse(stored.Name));
        return ids;
    }

    /// <summary>Returns the snapshot with an id: NotFound.</summary>
    public Task<Snapshot> ReadSnapshotAsync(Id id, CancellationToken cancellation = default) => Snapshots.ReadAsync(id.ToString(), cancellation);

    /// <summary>Returns a snapshot by its id or a prefix of it, or "latest": NoSuchName, Ambiguous.</summary>
    public Task<Snapshot> FindSnapshotAsync(string name, CancellationToken cancellation = default) => Snapshots.FindAsync(name, cancellation);

    /// <summary>Returns the node at an absolute path of a snapshot, or null. "/" is the root.</summary>
    public async Task<Node?> FindNodeAsync(Snapshot snapshot, string path, CancellationToken cancellation = default)
    {
        var node = new Node { Name = "/", Type = NodeType.Directory, Mode = GoMode.Directory | 0x1ED, Subtree = snapshot.Tree };
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Subtree is not { } tree) return null;
            if ((await ReadTreeAsync(tree, cancellation)).FirstOrDefault(n => n.Name == name) is not { } child) return null;
            node = child;
        }
        return node;
    }

    /// <summary>
    /// Returns every node of a snapshot below a path, with its absolute path, parents before children, names sorted
    /// bytewise.
    /// </summary>
    public async IAsyncEnumerable<(string Path, Node Node)> WalkAsync(Snapshot snapshot, string below = "/", [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var root = await FindNodeAsync(snapshot, below, cancellation)
            ?? throw new ResticException(ResticError.NoSuchName, $"There is no '{below}' in snapshot {snapshot.Id.ToShortString()}.");
        var guard = GuardWalk(root.Subtree is { } top ? [top] : []);
        var waiting = new Stack<(string Path, Node Node)>();
        waiting.Push(('/' + below.Trim('/'), root));
        while (waiting.TryPop(out var item))
        {
            if (item.Node != root) yield return item;
            if (item.Node.Subtree is not { } tree) continue;
            var nodes = await ReadTreeAsync(tree, cancellation);
            await guard.EnterAsync(tree, item.Path, nodes.Count, cancellation);
            for (var i = nodes.Count - 1; i >= 0; i--) waiting.Push(($"{item.Path.TrimEnd('/')}/{nodes[i].Name}", nodes[i]));
        }
    }

    /// <summary>
    /// Returns the nodes of one directory; none of a lost one, for callers that look ahead of a restore, which reports
    /// it.
    /// </summary>
    public async Task<IReadOnlyList<Node>> ReadTreeOrNothingAsync(Id tree, CancellationToken cancellation = default)
    {
        try
        {
            return await ReadTreeAsync(tree, cancellation);
        }
        catch (ResticException lost) when (lost.IsLoss)
        {
            return [];
        }
    }

    /// <summary>Returns the nodes of one directory.</summary>
    public async Task<IReadOnlyList<Node>> ReadTreeAsync(Id tree, CancellationToken cancellation = default)
    {
        try
        {
            return TreeCodec.Decode(await LoadBlobAsync(tree, BlobType.Tree, cancellation));
        }
        catch (ResticException damaged) when (damaged.Error == ResticError.Damaged)
        {
            throw new ResticException(ResticError.Damaged, $"The tree {tree.ToShortString()} is lost: {damaged.Message}", damaged);
        }
    }

    /// <summary>Returns a guard for a walk from these trees downwards.</summary>
    public WalkGuard GuardWalk(params IEnumerable<Id> roots) => new(this, roots);

    /// <summary>
    /// Returns the content of a file as a stream that reads ahead, blob by blob, each one verified. The stream is not
    /// seekable.
    /// </summary>
    public Stream OpenFile(Node file) => new BlobStream(this, file);

    /// <summary>
    /// Begins a snapshot. Files unchanged since <paramref name="parent"/> are not read again. Damaged when an index
    /// file cannot be read.
    /// </summary>
    public async Task<SnapshotWriter> BeginSnapshotAsync(Snapshot? parent = null, CancellationToken cancellation = default) =>
        new(this, await LoadWholeIndexAsync(cancellation), parent);

    /// <summary>
    /// The failures of index files that cannot be read, as far as the index has been loaded. What the other files list
    /// can be read and restored; what only the unreadable ones list is Damaged, and nothing is stored before they are
    /// repaired.
    /// </summary>
    public IReadOnlyList<string> UnreadableIndexes => [.. _index.Unreadable.Select(failure => failure.Message)];

    /// <summary>
    /// For long-running processes that store a little at a time: up to 50 MiB of buffers are kept from one snapshot to
    /// the next, because new buffers cost a page fault for each page. Call it before the first snapshot.
    /// </summary>
    public void KeepBuffers() => _buffers ??= new ArchiveBuffers(Options, kept: 2);

    /// <summary>Removes a snapshot's file; its data remains until a prune.</summary>
    public async Task ForgetAsync(Id snapshot, CancellationToken cancellation = default) =>
        await Backend.RemoveAsync(FileKind.Snapshot, snapshot.ToString(), cancellation);

    /// <summary>Restores a path of a snapshot, with everything below it, into a directory.</summary>
    public Task<RestoreReport> RestoreAsync(Snapshot snapshot, string below, string target, RestoreOptions options, CancellationToken cancellation = default) =>
        new Restorer(this).RunAsync(snapshot, below, target, options, cancellation);

    /// <summary>Returns what a restore would write, and the owners of its files; nothing is changed.</summary>
    /// <exception cref="ResticException">NoSuchName: the path is not in the snapshot.</exception>
    public async Task<RestoreForecast> ForecastAsync(Snapshot snapshot, string below, string target, RestoreOptions options, CancellationToken cancellation = default)
    {
        var root = await FindNodeAsync(snapshot, below, cancellation)
            ?? throw new ResticException(ResticError.NoSuchName, $"There is no '{below}' in snapshot {snapshot.Id.ToShortString()}.");
        return await new Forecaster(this, await LoadIndexAsync(cancellation), options).RunAsync(root, target, cancellation);
    }

    /// <summary>Returns true when a restore of a path with these patterns would restore anything.</summary>
    public async Task<bool> HasFittingAsync(Snapshot snapshot, string below, IReadOnlyList<string> include, IReadOnlyList<string> exclude, CancellationToken cancellation = default) =>
        await FindNodeAsync(snapshot, below, cancellation) is { } root && await new NodeSearch(this, new NodeSelection(include, exclude)).FindsAnyAsync(root, cancellation);

    private SnapshotStore Snapshots => new(Backend, _files);

    /// <summary>
    /// Reloads what other processes have added to the repository or removed from it since it was opened. For
    /// long-running processes: call it after a lock was acquired again and before anything is written, and after a read
    /// that failed because a blob was moved.
    /// </summary>
    public Task RefreshAsync(CancellationToken cancellation = default) => _index.RefreshAsync(cancellation);

    /// <summary>Returns the index, loaded once and then kept up to date with what this process adds.</summary>
    internal Task<BlobIndex> LoadIndexAsync(CancellationToken cancellation) => _index.GetAsync(cancellation);

    /// <summary>
    /// Returns the index, which must be complete: with an incomplete index a writer would store existing blobs again,
    /// and report wrong sizes.
    /// </summary>
    internal async Task<BlobIndex> LoadWholeIndexAsync(CancellationToken cancellation)
    {
        var index = await LoadIndexAsync(cancellation);
        return _index.Unreadable is [var first, ..] ? throw new ResticException(ResticError.Damaged, first.Message, first) : index;
    }

    /// <summary>Returns true for an index file that this process has stored.</summary>
    internal bool HasWrittenIndex(string name) => _index.IsOwn(name);

    /// <summary>The names of the index files that are known without listing the store.</summary>
    internal IReadOnlyCollection<string> KnownIndexes => _index.Known;

    /// <summary>Discards the index because what this process has added is in no stored index file.</summary>
    internal Task DropIndexAsync() => _index.DropAsync();

    /// <summary>Replaces the loaded index with one that the caller has read completely from these files.</summary>
    internal Task AdoptIndexAsync(BlobIndex index, IEnumerable<string> names) => _index.AdoptAsync(index, names);

    /// <summary>Reads, verifies and decrypts a file that is not a pack.</summary>
    /// <param name="kind">The kind of the file.</param>
    /// <param name="name">The name of the file.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    /// <param name="mayBeCached">False to read the file from the store even if it is cached.</param>
    internal Task<byte[]> LoadUnpackedAsync(FileKind kind, string name, CancellationToken cancellation, bool mayBeCached = true) =>
        _files.LoadAsync(kind, name, cancellation, mayBeCached);

    /// <summary>Encrypts and stores a file that is not a pack.</summary>
    internal async Task<Id> SaveUnpackedAsync(FileKind kind, ReadOnlyMemory<byte> plaintext, CancellationToken cancellation)
    {
        var id = await _files.SaveAsync(kind, plaintext, Compresses, cancellation);
        if (kind == FileKind.Index) _index.Know(id);
        return id;
    }

    /// <summary>
    /// Authenticates, decrypts, decompresses and verifies a blob into a buffer of its plain length. Damaged when a
    /// check fails. The content of the message is lost.
    /// </summary>
    internal void DecodeBlob(Span<byte> message, Id id, in PackedBlob blob, Span<byte> plaintext) => _decoder.Decode(message, id, blob, plaintext);

    /// <summary>
    /// Verifies a blob without returning its plaintext: the message is decrypted in place, and only a compressed blob
    /// needs a buffer of its plain length.
    /// </summary>
    internal void VerifyBlob(Span<byte> message, Id id, in PackedBlob blob, Span<byte> room) => _decoder.Verify(message, id, blob, room);

    internal ArchiveBuffers LendBuffers() => _buffers ?? new ArchiveBuffers(Options);

    internal void TakeBack(ArchiveBuffers lent)
    {
        if (lent == _buffers) lent.Trim();
        else lent.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        _buffers?.Dispose();
        _files.Cache?.Dispose();
        _decoder.Dispose();
        Sealers.Dispose();
        _index.Dispose();
        return ValueTask.CompletedTask;
    }
}
