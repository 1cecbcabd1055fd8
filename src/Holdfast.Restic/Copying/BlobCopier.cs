using System.Buffers;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Copying;

/// <summary>
/// Copies the blobs that snapshots need and the destination lacks, in the order of the source's packs and all in one
/// stream of new packs. Each is verified and encrypted with the destination's key; its compression is kept. Memory: a
/// piece of a pack and one blob for each worker, in addition to the pack builders.
/// </summary>
/// <param name="source">The source repository.</param>
/// <param name="destination">The destination repository.</param>
/// <param name="needed">The blobs to copy, by their numbers in the source's index.</param>
/// <param name="places">The source's index.</param>
/// <param name="present">The destination's index.</param>
/// <param name="findings">Collects what cannot be read from the source.</param>
/// <param name="counters">Progress counters.</param>
internal sealed class BlobCopier(
    Repository source, Repository destination, UsedBlobs needed, BlobIndex places, BlobIndex present, Findings findings,
    CopyCounters counters)
{
    /// <summary>
    /// The most bytes per read, unless one blob is larger: the cost of a request is small in comparison.
    /// </summary>
    private const int PieceSize = 4 << 20;

    /// <summary>The largest gap of unneeded bytes whose reading costs less than another request.</summary>
    private const int Gap = 64 << 10;

    /// <summary>Returns the number of blobs to copy, and their stored bytes, without reading packs.</summary>
    public async Task<(long Blobs, long Bytes)> WeighAsync(CancellationToken cancellation)
    {
        var (blobs, bytes) = (0L, 0L);
        foreach (var name in source.KnownIndexes)
        {
            foreach (var pack in await WantedAsync(name, cancellation))
                (blobs, bytes) = (blobs + pack.Blobs.Count, bytes + pack.Blobs.Sum(item => item.Blob.Length));
        }
        return (blobs, bytes);
    }

    /// <summary>
    /// Copies the blobs. What is missing or damaged in the source is a finding; a failure of the destination is thrown.
    /// </summary>
    public async Task CopyAsync(BlobWriter writer, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
        foreach (var name in source.KnownIndexes)
        {
            var packs = await WantedAsync(name, cancellation);
            await Parallel.ForEachAsync(packs, options, async (pack, token) =>
            {
                foreach (var piece in Pieces(pack.Blobs)) await CopyAsync(pack.Id, piece, writer, token);
            });
        }
    }

    private int AtOnce => source.Backend.IsRemote
        ? Math.Max(source.Options.Workers, source.Backend.Concurrency)
        : source.Options.Workers;

    /// <summary>
    /// Returns the blobs of an index file to copy, by offset. None for a file that cannot be read: its blobs count as
    /// missing.
    /// </summary>
    private async Task<IReadOnlyList<IndexedPack>> WantedAsync(string name, CancellationToken cancellation)
    {
        try
        {
            var json = await source.LoadUnpackedAsync(FileKind.Index, name, cancellation);
            var packs = StoredFiles.Parse(FileKind.Index, name, json, bytes => IndexCodec.Read(bytes.Span));
            return [.. packs.Select(Wanted).Where(pack => pack.Blobs.Count > 0)];
        }
        catch (ResticException unreadable) when (unreadable.IsLoss || unreadable.Error == ResticError.Unsupported)
        {
            return [];
        }
    }

    private IndexedPack Wanted(IndexedPack pack) =>
        new(pack.Id, [.. pack.Blobs.Where(item => IsWanted(item.Id, item.Blob)).OrderBy(item => item.Blob.Offset)]);

    /// <summary>Of several locations of a blob the first counts, which is the one that is read.</summary>
    private bool IsWanted(Id id, in PackedBlob blob)
    {
        var number = places.Find(blob.Type, id);
        var isNeeded = number >= 0 && needed.Has(number);
        return isNeeded && !present.Contains(id, blob.Type) && places.Find(id, blob.Type) == blob;
    }

    private static IEnumerable<List<(Id Id, PackedBlob Blob)>> Pieces(IReadOnlyList<(Id Id, PackedBlob Blob)> blobs)
    {
        var piece = new List<(Id Id, PackedBlob Blob)>();
        foreach (var item in blobs)
        {
            var isApart = piece.Count > 0 && item.Blob.Offset > EndOf(piece[^1].Blob) + Gap;
            var isFull = piece.Count > 0 && EndOf(item.Blob) > piece[0].Blob.Offset + PieceSize;
            if (isApart || isFull)
            {
                yield return piece;
                piece = [];
            }
            piece.Add(item);
        }
        if (piece.Count > 0) yield return piece;
    }

    private static long EndOf(in PackedBlob blob) => (long)blob.Offset + blob.Length;

    private async Task CopyAsync(
        Id pack, List<(Id Id, PackedBlob Blob)> piece, BlobWriter writer, CancellationToken cancellation)
    {
        var begin = piece[0].Blob.Offset;
        var length = (int)(EndOf(piece[^1].Blob) - begin);
        var bytes = ArrayPool<byte>.Shared.Rent(length);
        var room = ArrayPool<byte>.Shared.Rent(piece.Max(item => item.Blob.PlainLength));
        try
        {
            var isRead = await TryReadAsync(pack, begin, bytes.AsMemory(0, length), cancellation);
            foreach (var (id, blob) in piece)
            {
                var message = bytes.AsMemory((int)(blob.Offset - begin), (int)blob.Length);
                var plaintext = room.AsMemory(0, blob.PlainLength);
                if (isRead && IsWhole(message, id, blob, plaintext))
                {
                    var payload = message[Sealer.IvSize..^Sealer.TagSize];
                    await SaveAsync(id, blob, payload, plaintext, writer, cancellation);
                }
                else
                {
                    await RescueAsync(id, blob, writer, cancellation);
                }
                Interlocked.Add(ref counters.BytesRead, blob.Length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(room);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private async Task<bool> TryReadAsync(Id pack, long offset, Memory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await source.Backend.ReadAsync(FileKind.Pack, pack.ToString(), offset, bytes, cancellation);
            return true;
        }
        catch (ResticException lost) when (IsLost(lost))
        {
            return false;
        }
    }

    private bool IsWhole(Memory<byte> message, Id id, in PackedBlob blob, Memory<byte> plaintext)
    {
        try
        {
            source.VerifyBlob(message.Span, id, blob, plaintext.Span);
            return true;
        }
        catch (ResticException damaged) when (damaged.IsLoss)
        {
            return false;
        }
    }

    /// <summary>
    /// Reads blobs one by one: another pack may have them, and what cannot be read with its neighbors may be readable
    /// alone.
    /// </summary>
    private async Task RescueAsync(Id id, PackedBlob blob, BlobWriter writer, CancellationToken cancellation)
    {
        byte[] plaintext;
        try
        {
            plaintext = await source.LoadBlobAsync(id, blob.Type, cancellation);
        }
        catch (ResticException lost) when (IsLost(lost))
        {
            findings.Add(Layout.PathOf(FileKind.Pack, blob.Pack.ToString()), lost.Message, id);
            return;
        }
        await writer.SaveAsync(blob.Type, plaintext, cancellation);
    }

    /// <summary>
    /// Decides on compression: a repository of version 1 has no compressed blobs; in version 2 trees are always
    /// compressed, and so are blobs that come from version 1.
    /// </summary>
    private async ValueTask SaveAsync(
        Id id, PackedBlob blob, ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> plaintext, BlobWriter writer,
        CancellationToken cancellation)
    {
        var isCompressed = blob.UncompressedLength != 0;
        if (isCompressed && !destination.Compresses)
            await writer.SaveAsync(id, blob.Type, plaintext, 0, cancellation);
        else if (!isCompressed && destination.Compresses && (blob.Type == BlobType.Tree || !source.Compresses))
            await writer.SaveAsync(blob.Type, payload, cancellation);
        else
            await writer.SaveAsync(id, blob.Type, payload, blob.UncompressedLength, cancellation);
    }

    // A bad sector is an I/O error.
    private static bool IsLost(ResticException failure) => failure.IsLoss || failure.Error == ResticError.InputOutput;
}
