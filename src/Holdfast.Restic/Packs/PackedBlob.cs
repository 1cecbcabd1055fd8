using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Packs;

/// <summary>The type of a blob. The two types are never in the same pack.</summary>
internal enum BlobType : byte
{
    Data,
    Tree,
}

/// <summary>The location of a blob.</summary>
/// <param name="Pack">The pack's id.</param>
/// <param name="Type">The type of the blob.</param>
/// <param name="Offset">The offset of its first byte in the pack.</param>
/// <param name="Length">The size of the encrypted blob in bytes.</param>
/// <param name="UncompressedLength">The size of its plaintext in bytes; 0 when it is not compressed.</param>
internal readonly record struct PackedBlob(Id Pack, BlobType Type, uint Offset, uint Length, uint UncompressedLength)
{
    /// <summary>
    /// The largest plaintext for which any compression ratio is accepted: programs split at 8 MiB, and a tree grows
    /// with its directory and with the holes of its files. One TiB of zeros is 2 million times the same chunk id, 140
    /// MB that are compressed to a few thousand bytes.
    /// </summary>
    private const long AlwaysFine = 256 << 20;

    /// <summary>The highest compression ratio of a valid blob that is larger than that.</summary>
    private const long HighestRatio = 500;

    /// <summary>
    /// False for impossible lengths, and for those that would only waste memory: a few KiB that claim to be a
    /// GiB.
    /// </summary>
    public bool IsPlausible =>
        Length >= Sealer.Overhead && Length <= Zstd.MaxPlaintext && (long)Offset + Length <= uint.MaxValue
        && UncompressedLength <= LargestPlaintext(Length);

    /// <summary>Returns the largest plaintext for this number of compressed bytes.</summary>
    public static long LargestPlaintext(long compressed) => Math.Min(Zstd.MaxPlaintext, Math.Max(AlwaysFine, compressed * HighestRatio));

    /// <summary>Bytes of the plaintext.</summary>
    public int PlainLength => UncompressedLength != 0 ? (int)UncompressedLength : (int)Length - Sealer.Overhead;
}
