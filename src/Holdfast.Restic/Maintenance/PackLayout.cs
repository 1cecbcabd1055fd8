using Holdfast.Restic.Crypto;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// A compact form of what the indexes contain about a pack: its header follows from its blobs, so the digest of that
/// header represents all of them, and a check need not hold every blob in memory twice.
/// </summary>
/// <param name="Pack">The pack's id.</param>
/// <param name="Blobs">The number of blobs; 0 for an invalid pack.</param>
/// <param name="BlobBytes">The size of the encrypted blobs in bytes, which is the offset of the header.</param>
/// <param name="HeaderLength">The size of the encrypted header in bytes.</param>
/// <param name="HeaderDigest">SHA-256 of the header's plaintext.</param>
/// <param name="IsContiguous">Whether the blobs follow each other without gaps from the first byte on.</param>
/// <param name="IsMixed">Whether the pack contains both data and trees.</param>
internal sealed record PackLayout(Id Pack, int Blobs, long BlobBytes, int HeaderLength, Id HeaderDigest, bool IsContiguous, bool IsMixed)
{
    /// <summary>The size of the file in bytes.</summary>
    public long Size => BlobBytes + TailLength;

    /// <summary>Bytes after the blobs: the encrypted header and its length.</summary>
    public int TailLength => HeaderLength + PackHeader.LengthSize;

    public static PackLayout Of(Id pack, IEnumerable<(Id Id, PackedBlob Blob)> blobs)
    {
        var sorted = blobs.OrderBy(item => item.Blob.Offset).ToList();
        var header = PackHeader.Write([.. sorted.Select(item => new PackEntry(item.Id, item.Blob.Type, item.Blob.Length, item.Blob.UncompressedLength))]);
        return new PackLayout(
            pack,
            sorted.Count,
            sorted.Sum(item => (long)item.Blob.Length),
            header.Length + Sealer.Overhead,
            Id.Hash(header),
            AreContiguous(sorted),
            sorted.Select(item => item.Blob.Type).Distinct().Count() > 1);
    }

    private static bool AreContiguous(List<(Id Id, PackedBlob Blob)> sorted)
    {
        long end = 0;
        foreach (var (_, blob) in sorted)
        {
            if (blob.Offset != end) return false;
            end += blob.Length;
        }
        return true;
    }
}
