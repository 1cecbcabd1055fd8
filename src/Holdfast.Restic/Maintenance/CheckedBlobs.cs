using System.Buffers;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Reads verified blobs through the index files that a check could read, from any pack with an undamaged copy.
/// </summary>
/// <param name="repository">The repository of the blobs.</param>
/// <param name="index">The index of the check.</param>
/// <param name="mayBeCached">
/// Whether trees may come from the local cache; otherwise they are read from the store.
/// </param>
internal sealed class CheckedBlobs(Repository repository, BlobIndex index, bool mayBeCached = false)
{
    public BlobIndex Index => index;

    /// <summary>Returns the nodes of a tree: Damaged or NotFound when it cannot be read.</summary>
    public async Task<IReadOnlyList<Node>> ReadTreeAsync(Id tree, PackedBlob place, CancellationToken cancellation)
    {
        if (mayBeCached && await repository.LoadCachedTreeAsync(tree, place, cancellation) is { } cached) return TreeCodec.Decode(cached);
        try
        {
            return await ReadAsync(tree, place, TreeCodec.Decode, cancellation);
        }
        catch (ResticException lost) when (lost.IsLoss || lost.Error == ResticError.InputOutput)
        {
            foreach (var other in index.OtherPlaces(tree, place))
                if (await TryReadAsync(tree, other, TreeCodec.Decode, cancellation) is { } nodes) return nodes;
            throw;
        }
    }

    /// <summary>Returns the blobs of a missing or damaged pack that no other pack has undamaged.</summary>
    public async Task<IReadOnlyList<Id>> LostAsync(IEnumerable<(Id Id, PackedBlob Blob)> blobs, CancellationToken cancellation)
    {
        var lost = new List<Id>();
        foreach (var (id, blob) in blobs)
            if (!await IsElsewhereAsync(id, blob, cancellation)) lost.Add(id);
        return lost;
    }

    private async Task<bool> IsElsewhereAsync(Id id, PackedBlob blob, CancellationToken cancellation)
    {
        foreach (var other in index.OtherPlaces(id, blob))
            if (await TryReadAsync(id, other, static plaintext => plaintext.Length >= 0, cancellation)) return true;
        return false;
    }

    private async Task<T?> TryReadAsync<T>(Id id, PackedBlob place, Decoder<T> decode, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(id, place, decode, cancellation);
        }
        catch (ResticException lost) when (lost.IsLoss || lost.Error == ResticError.InputOutput)
        {
            return default;
        }
    }

    private async Task<T> ReadAsync<T>(Id id, PackedBlob place, Decoder<T> decode, CancellationToken cancellation)
    {
        var message = ArrayPool<byte>.Shared.Rent((int)place.Length);
        var plaintext = ArrayPool<byte>.Shared.Rent(place.PlainLength);
        try
        {
            await repository.Backend.ReadAsync(FileKind.Pack, place.Pack.ToString(), place.Offset, message.AsMemory(0, (int)place.Length), cancellation);
            repository.DecodeBlob(message.AsSpan(0, (int)place.Length), id, place, plaintext.AsSpan(0, place.PlainLength));
            return decode(plaintext.AsSpan(0, place.PlainLength));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plaintext);
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    private delegate T Decoder<T>(ReadOnlySpan<byte> plaintext);
}
