using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Indexing;

/// <summary>
/// What an index keeps of a blob's name: the first 191 bits of its id, and whether it is data or a tree. To make two
/// blobs that have so much in common takes some 2^95 tries (docs/decisions/0044); whatever is read by it is compared
/// with the whole id.
/// </summary>
internal readonly record struct BlobKey
{
    private readonly ulong _second, _third;

    public BlobKey(Id id, BlobType type)
    {
        (First, _second, var third) = id.Head;
        _third = (third & ~1ul) | (uint)type;
    }

    /// <summary>The first 64 bits of the id.</summary>
    public ulong First { get; }

    public BlobType Type => (BlobType)(_third & 1);

    /// <summary>The order of keys whose first bits are the same.</summary>
    public int CompareRest(in BlobKey other) =>
        _second != other._second ? _second.CompareTo(other._second) : _third.CompareTo(other._third);
}
