using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Restoring;

/// <summary>A blob that a file needs at an offset. <paramref name="Number"/> orders packs as files need them.</summary>
internal readonly record struct BlobPiece(FileJob File, Id Id, long At, int Number, PackedBlob Blob)
{
    /// <summary>
    /// Sorts by pack, then by offset in the pack; the same blobs are adjacent, even where an invalid index gives two
    /// blobs one location.
    /// </summary>
    public static int CompareByPlace(BlobPiece left, BlobPiece right)
    {
        var order = left.Number.CompareTo(right.Number);
        if (order == 0) order = left.Blob.Offset.CompareTo(right.Blob.Offset);
        if (order == 0) order = left.Blob.Length.CompareTo(right.Blob.Length);
        if (order == 0) order = left.Id.CompareTo(right.Id);
        return order == 0 ? left.At.CompareTo(right.At) : order;
    }
}

/// <summary>Pieces that are so close together in a pack that they are read at once.</summary>
internal readonly record struct PackRange(ArraySegment<BlobPiece> Pieces, long Offset, int Length);
