using Holdfast.Restic.Crypto;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// What the indexes say about a pack, in little: its header follows from its blobs, so the digest of that header stands for
/// all of them, and a check need not hold every blob twice in memory.
/// </summary>
/// <param name="Pack">The pack's id.</param>
/// <param name="Blobs">How many blobs there are; 0 is a pack that should not be.</param>
/// <param name="BlobBytes">Sealed bytes of the blobs: where the header begins.</param>
/// <param name="HeaderLength">Bytes of the sealed header.</param>
/// <param name="HeaderDigest">SHA-256 of the header's plaintext.</param>
/// <param name="IsContiguous">The blobs follow each other without gaps from the first byte on.</param>
/// <param name="IsMixed">Data and trees are in one pack.</param>
internal sealed record PackLayout(Id Pack, int Blobs, long BlobBytes, int HeaderLength, Id HeaderDigest, bool IsContiguous, bool IsMixed)
{
    /// <summary>Bytes of the whole file.</summary>
    public long Size => BlobBytes + TailLength;

    /// <summary>Bytes behind the blobs: the sealed header and its length.</summary>
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
