using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Stores blobs that the repository does not have yet: hashes, looks up, compresses, encrypts and packs them. Called by
/// several threads at once; the thread that fills a pack also uploads it, so that a slow backend slows down its own
/// producer. Index files are written periodically, so that the next run finds the packs of a killed run.
/// </summary>
internal sealed class BlobWriter(Repository repository, BlobIndex index, ArchiveCounters counters, ArchiveBuffers buffers) : IDisposable
{
    /// <summary>restic finishes an index file at this many blobs.</summary>
    private const int IndexedBlobs = 50_000;

    /// <summary>
    /// How often an index is written: the next run repeats at most what a killed run stored since its last index, which
    /// is limited to an eighth of its work or one minute.
    /// </summary>
    private const int IndexedShare = 8;
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(2), LongestInterval = TimeSpan.FromMinutes(1);

    private BlobIndex _index = index;
    private readonly Lock _gate = new();
    private readonly HashSet<(Id Id, BlobType Type)> _promised = [];

    // One pack of each type is open; the thread that adds to it holds the semaphore. A few more may be on their way to
    // the backend: at least one, because a thread that waits here for a free builder may hold a full one.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly PackBuilder?[] _open = new PackBuilder?[2];
    private readonly SemaphoreSlim[] _builders = [new(1 + Math.Max(1, repository.Backend.Concurrency - 1)), new(2)];
    private List<IndexedPack> _unindexed = [];
    private int _unindexedBlobs;
    private readonly long _begun = repository.Options.Clock.GetTimestamp();
    private long _lastIndex = repository.Options.Clock.GetTimestamp();

    /// <summary>Stores a blob unless the repository, or this run, has it. Returns its id and whether it was new.</summary>
    public async ValueTask<(Id Id, bool Added)> SaveAsync(BlobType type, ReadOnlyMemory<byte> plaintext, CancellationToken cancellation)
    {
        var id = Id.Hash(plaintext.Span);
        if (!Promise(id, type)) return (id, false);
        var full = await PackAsync(id, type, plaintext, cancellation);
        Interlocked.Add(ref counters.BytesAdded, plaintext.Length);
        Interlocked.Increment(ref counters.BlobsAdded);
        if (full is not null) await StoreAsync(full, type, cancellation);
        return (id, true);
    }

    /// <summary>
    /// Stores a blob exactly as another repository has it, unless this one, or this run, has it. The caller has
    /// verified its bytes against its id.
    /// </summary>
    /// <param name="id">The blob's id.</param>
    /// <param name="type">The blob's type.</param>
    /// <param name="payload">The plaintext; the zstd frame when the length is not 0.</param>
    /// <param name="uncompressedLength">Bytes of the plaintext, or 0 when it is not compressed.</param>
    /// <param name="cancellation">Cancels the wait for a pack.</param>
    public async ValueTask SaveAsync(Id id, BlobType type, ReadOnlyMemory<byte> payload, uint uncompressedLength, CancellationToken cancellation)
    {
        if (!Promise(id, type)) return;
        var full = await AddAsync(id, type, payload, (int)uncompressedLength, cancellation);
        Interlocked.Add(ref counters.BytesAdded, uncompressedLength == 0 ? payload.Length : uncompressedLength);
        Interlocked.Increment(ref counters.BlobsAdded);
        if (full is not null) await StoreAsync(full, type, cancellation);
    }

    /// <summary>Stores the open packs and their index. Everything saved before is durable when it returns.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        foreach (var type in (BlobType[])[BlobType.Data, BlobType.Tree])
            if (await CloseAsync(type, cancellation) is { } pack) await StoreAsync(pack, type, cancellation);
        buffers.Trim(); // an index may be large as well
        await WriteIndexAsync(cancellation);
    }

    /// <summary>Releases the index after the last blob was saved; it is read again to verify what was stored.</summary>
    public void End() => _index = new BlobIndex();

    private async Task<PackBuilder?> CloseAsync(BlobType type, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var open = _open[(int)type];
            _open[(int)type] = null;
            return open;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Writes the index of finished packs only: for a run that ends early, so that the next one finds them.
    /// </summary>
    public async Task WriteIndexAsync(CancellationToken cancellation)
    {
        List<IndexedPack> packs;
        lock (_gate)
        {
            (packs, _unindexed, _unindexedBlobs) = (_unindexed, [], 0);
            _lastIndex = repository.Options.Clock.GetTimestamp();
        }
        if (packs.Count == 0) return;
        try
        {
            await repository.SaveUnpackedAsync(FileKind.Index, IndexCodec.Write(packs), cancellation);
        }
        catch
        {
            // They are in no index yet, so the caller that ends this run must retry, or report that they cannot be
            // found.
            lock (_gate) _unindexed.AddRange(packs);
            throw;
        }
    }

    /// <summary>Returns true for the one caller that is to store the blob.</summary>
    private bool Promise(Id id, BlobType type)
    {
        if (_index.Contains(id, type)) return false;
        lock (_gate) return _promised.Add((id, type)) && !_index.Contains(id, type);
    }

    /// <summary>
    /// Compresses several blobs concurrently and adds one at a time; returns a pack that has become full.
    /// </summary>
    private async ValueTask<PackBuilder?> PackAsync(Id id, BlobType type, ReadOnlyMemory<byte> plaintext, CancellationToken cancellation)
    {
        // An empty blob cannot be compressed; data that does not shrink is cheaper uncompressed; trees are always
        // compressed.
        if (!repository.Compresses || plaintext.Length == 0) return await AddAsync(id, type, plaintext, 0, cancellation);
        var compression = await buffers.Compressions.RentAsync(cancellation);
        try
        {
            var frame = compression.Compress(plaintext.Span);
            return type == BlobType.Tree || frame.Length < plaintext.Length
                ? await AddAsync(id, type, frame, plaintext.Length, cancellation)
                : await AddAsync(id, type, plaintext, 0, cancellation);
        }
        finally
        {
            buffers.Compressions.Return(compression);
        }
    }

    private async ValueTask<PackBuilder?> AddAsync(Id id, BlobType type, ReadOnlyMemory<byte> payload, int uncompressedLength, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var open = _open[(int)type];
            var full = open is not null && !open.HasRoomFor(payload.Length) ? open : null;
            // The full builder stays in place until another is available: a cancelled caller must not lose it.
            if (open is null || full is not null) open = _open[(int)type] = await RentBuilderAsync(type, cancellation);
            open.Add(id, type, payload.Span, uncompressedLength, repository.Sealers);
            return full;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<PackBuilder> RentBuilderAsync(BlobType type, CancellationToken cancellation)
    {
        await _builders[(int)type].WaitAsync(cancellation);
        return buffers.TakePack(type);
    }

    private async Task StoreAsync(PackBuilder pack, BlobType type, CancellationToken cancellation)
    {
        try
        {
            var content = pack.Finish(repository.Sealers);
            var id = Id.Hash(content.Span);
            await repository.Backend.SaveAsync(FileKind.Pack, id.ToString(), content, cancellation);
            Interlocked.Add(ref counters.BytesStored, content.Length);
            if (Register(id, pack)) await WriteIndexAsync(cancellation);
        }
        finally
        {
            // Released after a failure too; otherwise callers that wait for a builder would wait forever.
            buffers.Return(pack, type);
            _builders[(int)type].Release();
        }
    }

    /// <summary>Records the pack's blobs as stored; returns true when an index file is due.</summary>
    private bool Register(Id id, PackBuilder pack)
    {
        var blobs = pack.Blobs(id).ToList();
        _index.Add(blobs);
        lock (_gate)
        {
            foreach (var (blob, place) in blobs) _promised.Remove((blob, place.Type));
            _unindexed.Add(new IndexedPack(id, blobs));
            _unindexedBlobs += blobs.Count;
            return _unindexedBlobs >= IndexedBlobs || repository.Options.Clock.GetElapsedTime(_lastIndex) >= Interval;
        }
    }

    private TimeSpan Interval
    {
        get
        {
            var share = repository.Options.Clock.GetElapsedTime(_begun) / IndexedShare;
            return share < ShortestInterval ? ShortestInterval : share > LongestInterval ? LongestInterval : share;
        }
    }

    public void Dispose()
    {
        foreach (var open in _open) open?.Dispose();
        _turn.Dispose();
        foreach (var builders in _builders) builders.Dispose();
    }
}
