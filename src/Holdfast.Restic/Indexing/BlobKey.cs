using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Indexing;

/// <summary>
/// The part of a blob's name that the index keeps: the first 191 bits of its id, and whether it is data or a tree.
/// Finding two blobs that share that many bits takes about 2^95 attempts (docs/decisions/0044); what is read through
/// the index is verified against the whole id.
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

    /// <summary>Orders keys whose first bits are the same.</summary>
    public int CompareRest(in BlobKey other) =>
        _second != other._second ? _second.CompareTo(other._second) : _third.CompareTo(other._third);
}
