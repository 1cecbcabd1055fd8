using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Packs;

/// <summary>What a blob holds. The two never share a pack.</summary>
internal enum BlobType : byte
{
    Data,
    Tree,
}

/// <summary>Where a blob lies.</summary>
/// <param name="Pack">The pack's id.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Offset">Of its first byte in the pack.</param>
/// <param name="Length">Of its sealed bytes.</param>
/// <param name="UncompressedLength">Of its plaintext; 0 when it is not compressed.</param>
internal readonly record struct PackedBlob(Id Pack, BlobType Type, uint Offset, uint Length, uint UncompressedLength)
{
    /// <summary>
    /// Blobs of this size are read whatever they were compressed to: programs cut at 8 MiB, and a tree grows with its folder and with the holes of its
    /// files. One TiB of zeros is 2 million times the same id of a chunk, 140 MB that are compressed to a few thousand bytes.
    /// </summary>
    private const long AlwaysFine = 256 << 20;

    /// <summary>No real blob is compressed to less than this part of itself, once it is larger than that.</summary>
    private const long HighestRatio = 500;

    /// <summary>False for lengths that can't be, or that would only cost memory: a few KiB which claim to be a GiB.</summary>
    public bool IsPlausible =>
        Length >= Sealer.Overhead && Length <= Zstd.MaxPlaintext && (long)Offset + Length <= uint.MaxValue
        && UncompressedLength <= LargestPlaintext(Length);

    /// <summary>What so many compressed bytes may become.</summary>
    public static long LargestPlaintext(long compressed) => Math.Min(Zstd.MaxPlaintext, Math.Max(AlwaysFine, compressed * HighestRatio));

    /// <summary>Bytes of the plaintext.</summary>
    public int PlainLength => UncompressedLength != 0 ? (int)UncompressedLength : (int)Length - Sealer.Overhead;
}
