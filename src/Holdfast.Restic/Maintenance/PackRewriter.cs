using System.Buffers;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Copies blobs from old packs into new ones: each is verified and encrypted again; its compression is kept. The new
/// packs are indexed in addition to the old ones, so that concurrent readers find everything, also after an
/// interruption. Memory: for each worker the used part of a pack and one blob, and one new pack of each type.
/// </summary>
internal sealed class PackRewriter(Repository repository, BlobIndex index, PruneCounters counters) : IDisposable
{
    /// <summary>restic finishes an index file at this many blobs.</summary>
    private const int IndexedBlobs = 50_000;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly PackBuilder?[] _open = new PackBuilder?[2];
    private readonly List<IndexedPack> _unindexed = [];

    /// <summary>The sizes of the new packs.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>
    /// Copies these blobs; each list is of one pack, sorted by offset. When it returns they are durable and indexed.
    /// </summary>
    /// <exception cref="ResticException">
    /// Damaged: one of them does not match its id; what was copied before remains.
    /// </exception>
    public async Task CopyAsync(IReadOnlyDictionary<Id, List<(Id Id, PackedBlob Blob)>> packs, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = repository.Options.Workers, CancellationToken = cancellation };
        await Parallel.ForEachAsync(packs, options, async (pack, token) =>
        {
            await CopyAsync(pack.Key, pack.Value, token);
            Interlocked.Increment(ref counters.PacksDone);
        });
        foreach (var type in (BlobType[])[BlobType.Data, BlobType.Tree]) await StoreAsync(type, cancellation);
        await WriteIndexAsync(cancellation);
    }

    private async Task CopyAsync(Id pack, List<(Id Id, PackedBlob Blob)> blobs, CancellationToken cancellation)
    {
        if (blobs.Count == 0) return;
        var (begin, end) = (blobs[0].Blob.Offset, blobs[^1].Blob.Offset + blobs[^1].Blob.Length);
        var bytes = ArrayPool<byte>.Shared.Rent((int)(end - begin));
        var plain = ArrayPool<byte>.Shared.Rent(blobs.Max(item => item.Blob.PlainLength));
        try
        {
            await repository.Backend.ReadAsync(FileKind.Pack, pack.ToString(), begin, bytes.AsMemory(0, (int)(end - begin)), cancellation);
            Interlocked.Add(ref counters.BytesRead, end - begin);
            foreach (var (id, blob) in blobs)
            {
                var message = bytes.AsMemory((int)(blob.Offset - begin), (int)blob.Length);
                repository.VerifyBlob(message.Span, id, blob, plain.AsSpan(0, blob.PlainLength));
                await AddAsync(id, blob, message[Sealer.IvSize..^Sealer.TagSize], cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private async Task AddAsync(Id id, PackedBlob blob, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_open[(int)blob.Type] is { } full && !full.HasRoomFor(payload.Length)) await StoreAsync(blob.Type, cancellation);
            var open = _open[(int)blob.Type] ??= new PackBuilder(repository.Options.PackSize);
            open.Add(id, blob.Type, payload.Span, (int)blob.UncompressedLength, repository.Sealers);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task StoreAsync(BlobType type, CancellationToken cancellation)
    {
        if (_open[(int)type] is not { IsEmpty: false } open) return;
        var content = open.Finish(repository.Sealers);
        var pack = Id.Hash(content.Span);
        await repository.Backend.SaveAsync(FileKind.Pack, pack.ToString(), content, cancellation);
        BytesWritten += content.Length;
        _unindexed.Add(new IndexedPack(pack, [.. open.Blobs(pack)]));
        open.Reset();
        if (_unindexed.Sum(indexed => indexed.Blobs.Count) >= IndexedBlobs) await WriteIndexAsync(cancellation);
    }

    private async Task WriteIndexAsync(CancellationToken cancellation)
    {
        if (_unindexed.Count == 0) return;
        await repository.SaveUnpackedAsync(FileKind.Index, IndexCodec.Write(_unindexed), cancellation);
        foreach (var pack in _unindexed) index.Add(pack.Blobs);
        _unindexed.Clear();
    }

    public void Dispose()
    {
        foreach (var open in _open) open?.Dispose();
        _turn.Dispose();
    }
}
