using System.Runtime.CompilerServices;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Chunking;
using Holdfast.Restic.Copying;
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

    /// <summary>How it was opened.</summary>
    public OpenOptions Options { get; }

    internal SealerPool Sealers { get; }

    internal RabinChunker Chunker { get; }

    internal bool Compresses => Version >= 2;

    /// <summary>Whether there is a repository; false when one can be made at the place. Nothing is written. ConfigLost, Occupied.</summary>
    public static Task<bool> ExistsAsync(IBackend backend, CancellationToken cancellation = default) => RepositoryPlace.HasRepositoryAsync(backend, cancellation);

    /// <summary>Makes a new repository with one key, and opens it. AlreadyThere when there is one, ConfigLost when there is what is left of one, Occupied when other files are there.</summary>
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
            // A key that opens nothing would look like what is left of a repository.
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
                misfit ??= other; // the same password may open the key of another repository that was put here by mistake
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

    /// <summary>Adds a key for another password.</summary>
    public Task<KeyInfo> AddKeyAsync(string password, KeyDerivation? derivation = null, CancellationToken cancellation = default) =>
        new KeyRing(Backend, Options.Clock).AddAsync(_key, password, derivation ?? KeyDerivation.Default, cancellation);

    /// <summary>Removes a key; the one that this repository was opened with is refused.</summary>
    public async Task RemoveKeyAsync(Id key, CancellationToken cancellation = default)
    {
        if (key == _keyId) throw new ResticException(ResticError.Unsupported, "The key that opened the repository can't be removed with itself.");
        await Backend.SizeAsync(FileKind.Key, key.ToString(), cancellation);
        await Backend.RemoveAsync(FileKind.Key, key.ToString(), cancellation);
    }

    /// <summary>
    /// Writes a lock and waits until it holds: shared for readers and writers that add, exclusive for what removes.
    /// Locks of processes that are known to be dead, and shared ones older than 30 minutes, are passed over. Locked when another holds one.
    /// The lock is refreshed every 5 minutes until it is disposed.
    /// </summary>
    public Task<RepositoryLock> LockAsync(LockKind kind, TimeSpan? wait = null, CancellationToken cancellation = default) =>
        RepositoryLock.AcquireAsync(this, kind, wait, cancellation);

    /// <summary>
    /// A shared lock for what only reads. Null where nothing can be written (a read-only medium, or rights to read alone): then
    /// nothing keeps others from removing what is read. Locked when another holds an exclusive lock, there too.
    /// </summary>
    public Task<RepositoryLock?> LockToReadAsync(TimeSpan? wait = null, CancellationToken cancellation = default) =>
        RepositoryLock.AcquireToReadAsync(this, wait, cancellation);

    /// <summary>All snapshots, oldest first: Damaged when one can not be read, so that nobody decides what may be removed without it.</summary>
    public Task<IReadOnlyList<Snapshot>> ListSnapshotsAsync(CancellationToken cancellation = default) => Snapshots.ListAsync(cancellation);

    /// <summary>The snapshots that can be read, and which can not: for those who look for one, and remove nothing.</summary>
    public Task<SnapshotListing> ListReadableSnapshotsAsync(CancellationToken cancellation = default) => Snapshots.ListReadableAsync(cancellation);

    /// <summary>The ids of all snapshots, in no order; nothing is read.</summary>
    public async Task<IReadOnlyList<Id>> ListSnapshotIdsAsync(CancellationToken cancellation = default)
    {
        var ids = new List<Id>();
        await foreach (var stored in Backend.ListAsync(FileKind.Snapshot, cancellation)) ids.Add(Id.Parse(stored.Name));
        return ids;
    }

    /// <summary>The snapshot of an id: NotFound.</summary>
    public Task<Snapshot> ReadSnapshotAsync(Id id, CancellationToken cancellation = default) => Snapshots.ReadAsync(id.ToString(), cancellation);

    /// <summary>A snapshot by its id or the beginning of it, or "latest": NoSuchName, Ambiguous.</summary>
    public Task<Snapshot> FindSnapshotAsync(string name, CancellationToken cancellation = default) => Snapshots.FindAsync(name, cancellation);

    /// <summary>The node at an absolute path of a snapshot, or null. "/" is the root.</summary>
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

    /// <summary>Every node of a snapshot below a path, with its absolute path, parents before children, names bytewise sorted.</summary>
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

    /// <summary>The nodes of one directory; none of one that is lost, for those who look ahead of a restore, which reports it.</summary>
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

    /// <summary>The nodes of one directory.</summary>
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

    /// <summary>Watches a walk from these trees downwards.</summary>
    public WalkGuard GuardWalk(params IEnumerable<Id> roots) => new(this, roots);

    /// <summary>The content of a file, read blob by blob, each one verified; read ahead, seekable is not.</summary>
    public Stream OpenFile(Node file) => new BlobStream(this, file);

    /// <summary>Begins a snapshot. Files unchanged since <paramref name="parent"/> are not read again. Damaged when an index file can't be read.</summary>
    public async Task<SnapshotWriter> BeginSnapshotAsync(Snapshot? parent = null, CancellationToken cancellation = default) =>
        new(this, await LoadWholeIndexAsync(cancellation), parent);

    /// <summary>
    /// What is wrong with index files that can't be read, as far as the index was needed yet. What the others list can be read and restored; what only
    /// they list is Damaged, and nothing is stored before somebody has seen to them.
    /// </summary>
    public IReadOnlyList<string> UnreadableIndexes => [.. _index.Unreadable.Select(failure => failure.Message)];

    /// <summary>
    /// For processes that live long and store a little at a time: buffers are kept from one snapshot to the next, 50 MiB of them at most, where a
    /// new one would cost a page of memory for each page each time. Call it before the first snapshot.
    /// </summary>
    public void KeepBuffers() => _buffers ??= new ArchiveBuffers(Options, kept: 2);

    /// <summary>Removes a snapshot's file; its data stays until a prune.</summary>
    public async Task ForgetAsync(Id snapshot, CancellationToken cancellation = default) =>
        await Backend.RemoveAsync(FileKind.Snapshot, snapshot.ToString(), cancellation);

    /// <summary>Restores what is below a path of a snapshot into a directory.</summary>
    public Task<RestoreReport> RestoreAsync(Snapshot snapshot, string below, string target, RestoreOptions options, CancellationToken cancellation = default) =>
        new Restorer(this).RunAsync(snapshot, below, target, options, cancellation);

    /// <summary>What a restore would write, and whose files it would bring; nothing is changed.</summary>
    /// <exception cref="ResticException">NoSuchName: the path is not in the snapshot.</exception>
    public async Task<RestoreForecast> ForecastAsync(Snapshot snapshot, string below, string target, RestoreOptions options, CancellationToken cancellation = default)
    {
        var root = await FindNodeAsync(snapshot, below, cancellation)
            ?? throw new ResticException(ResticError.NoSuchName, $"There is no '{below}' in snapshot {snapshot.Id.ToShortString()}.");
        return await new Forecaster(this, await LoadIndexAsync(cancellation), options).RunAsync(root, target, cancellation);
    }

    /// <summary>True when a restore of what is below a path would bring back anything by these patterns.</summary>
    public async Task<bool> HasFittingAsync(Snapshot snapshot, string below, IReadOnlyList<string> include, IReadOnlyList<string> exclude, CancellationToken cancellation = default) =>
        await FindNodeAsync(snapshot, below, cancellation) is { } root && await new NodeSearch(this, new NodeSelection(include, exclude)).FindsAnyAsync(root, cancellation);

    /// <summary>Checks structure, and data if asked. What is wrong is in the report; only what stops the check itself is thrown.</summary>
    public Task<CheckReport> CheckAsync(CheckOptions options, CancellationToken cancellation = default) => new Checker(this).RunAsync(options, cancellation);

    /// <summary>Gives back the room of what no snapshot needs. It takes the locks that it needs itself: hold none.</summary>
    /// <exception cref="ResticException">
    /// Damaged: something that a snapshot needs is missing. NoSuchName: there is no snapshot. Locked: others did not let go in time.
    /// Nothing was removed then.
    /// </exception>
    public Task<PruneReport> PruneAsync(PruneOptions options, CancellationToken cancellation = default) => new Pruner(this, options).RunAsync(cancellation);

    /// <summary>
    /// Copies snapshots into another repository, which has keys of its own: every blob is verified, and sealed again as it is. What was written is
    /// read back before a snapshot is saved. Hold a lock on both.
    /// </summary>
    /// <exception cref="ResticException">Of the destination, or what keeps all of the source from being read. What was stored by then is found again.</exception>
    public Task<CopyReport> CopyToAsync(Repository destination, CopyOptions options, CancellationToken cancellation = default) =>
        new SnapshotCopier(this, destination, options).RunAsync(cancellation);

    /// <summary>Copies the files of the repository as they are, but for locks. Hold a lock on it. The mirror opens with the same passwords.</summary>
    /// <param name="mirror">Where they go: nothing may be there, or an earlier mirror of this repository.</param>
    /// <param name="password">Opens this repository, and so the mirror, which is locked meanwhile.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Ends it; the mirror is whole then, and the next run goes on.</param>
    /// <exception cref="ResticException">Occupied: something else is there. NoSuchName: --delete would remove all snapshots.</exception>
    public Task<MirrorReport> MirrorToAsync(IBackend mirror, string password, MirrorOptions options, CancellationToken cancellation = default) =>
        new RepositoryMirror(this, mirror, password, options).RunAsync(cancellation);

    /// <summary>The locks that others hold, or have left behind.</summary>
    public async Task<IReadOnlyList<LockInfo>> ListLocksAsync(CancellationToken cancellation = default) =>
        [.. (await new LockStore(this).ListAsync(except: default, cancellation)).Select(found => found.ToInfo())];

    /// <summary>Removes locks: stale ones, or all. Returns those removed.</summary>
    public Task<IReadOnlyList<LockInfo>> UnlockAsync(bool all, CancellationToken cancellation = default) => new LockStore(this).UnlockAsync(all, cancellation);

    /// <summary>What the repository weighs.</summary>
    public Task<RepositoryStatistics> StatisticsAsync(CancellationToken cancellation = default) => new Statistics(this).RunAsync(cancellation);

    /// <summary>What groups of folders take: each is weighed alone, and what no other group needs. Damaged when a tree cannot be read.</summary>
    public Task<IReadOnlyList<DataShare>> WeighSharesAsync(
        IReadOnlyList<(string Name, IReadOnlyList<Id> Trees)> groups, CancellationToken cancellation = default) =>
        new DataShares(this).WeighAsync(groups, cancellation);

    private SnapshotStore Snapshots => new(Backend, _files);

    /// <summary>
    /// Learns what others have added to the repository or removed from it since it was opened. For processes that live long: call it
    /// after a lock was taken anew and before anything is written, and after a read that failed because a blob has moved.
    /// </summary>
    public Task RefreshAsync(CancellationToken cancellation = default) => _index.RefreshAsync(cancellation);

    /// <summary>The index, loaded once and then kept up by what this process adds.</summary>
    internal Task<BlobIndex> LoadIndexAsync(CancellationToken cancellation) => _index.GetAsync(cancellation);

    /// <summary>The index, which must be whole: a writer that does not see what is there would store it again, and weigh it wrongly.</summary>
    internal async Task<BlobIndex> LoadWholeIndexAsync(CancellationToken cancellation)
    {
        var index = await LoadIndexAsync(cancellation);
        return _index.Unreadable is [var first, ..] ? throw new ResticException(ResticError.Damaged, first.Message, first) : index;
    }

    /// <summary>True for an index file that this process has stored.</summary>
    internal bool HasWrittenIndex(string name) => _index.IsOwn(name);

    /// <summary>The index files that are known without a look at the store.</summary>
    internal IReadOnlyCollection<string> KnownIndexes => _index.Known;

    /// <summary>What this process has added can not be relied on: it is in no stored index.</summary>
    internal Task DropIndexAsync() => _index.DropAsync();

    /// <summary>An index that somebody else has read whole from these files is the loaded one from now on.</summary>
    internal Task AdoptIndexAsync(BlobIndex index, IEnumerable<string> names) => _index.AdoptAsync(index, names);

    /// <summary>Reads, verifies and opens a file that is not a pack.</summary>
    /// <param name="kind">Which kind.</param>
    /// <param name="name">Its name.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <param name="mayBeCached">False to read it from the store whatever the local cache has.</param>
    internal Task<byte[]> LoadUnpackedAsync(FileKind kind, string name, CancellationToken cancellation, bool mayBeCached = true) =>
        _files.LoadAsync(kind, name, cancellation, mayBeCached);

    /// <summary>Seals and stores a file that is not a pack.</summary>
    internal async Task<Id> SaveUnpackedAsync(FileKind kind, ReadOnlyMemory<byte> plaintext, CancellationToken cancellation)
    {
        var id = await _files.SaveAsync(kind, plaintext, Compresses, cancellation);
        if (kind == FileKind.Index) _index.Know(id);
        return id;
    }

    /// <summary>Authenticates, decrypts, decompresses and verifies a blob into a buffer of its plain length. Damaged when anything does not fit. The message is spent.</summary>
    internal void DecodeBlob(Span<byte> message, Id id, in PackedBlob blob, Span<byte> plaintext) => _decoder.Decode(message, id, blob, plaintext);

    /// <summary>The same without handing the plaintext out: the message is opened in place, and only a compressed blob needs room of its plain length.</summary>
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
