using System.Buffers;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>Reads verified blobs by the index files that a check could read, where the repository itself would give up at the first damaged one.</summary>
internal sealed class CheckedBlobs(Repository repository, BlobIndex index)
{
    public BlobIndex Index => index;

    /// <summary>The nodes of a tree: Damaged or NotFound when it can't be had.</summary>
    public async Task<IReadOnlyList<Node>> ReadTreeAsync(Id tree, PackedBlob place, CancellationToken cancellation)
    {
        var message = ArrayPool<byte>.Shared.Rent((int)place.Length);
        var plaintext = ArrayPool<byte>.Shared.Rent(place.PlainLength);
        try
        {
            await repository.Backend.ReadAsync(FileKind.Pack, place.Pack.ToString(), place.Offset, message.AsMemory(0, (int)place.Length), cancellation);
            repository.DecodeBlob(message.AsSpan(0, (int)place.Length), tree, place, plaintext.AsSpan(0, place.PlainLength));
            return TreeCodec.Decode(plaintext.AsSpan(0, place.PlainLength));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plaintext);
            ArrayPool<byte>.Shared.Return(message);
        }
    }
}
