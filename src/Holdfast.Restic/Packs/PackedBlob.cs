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
    /// <summary>Bytes of the plaintext.</summary>
    public int PlainLength => UncompressedLength != 0 ? (int)UncompressedLength : (int)Length - Sealer.Overhead;
}
