using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Restoring;

/// <summary>Finds the blobs of files in packs, and orders them so that each part of a pack is read once.</summary>
internal sealed class PackPlan(RestoreContext context, FileBuilder builder)
{
    // Reading across a small gap is cheaper than another request; larger reads would only need larger buffers.
    private const int WidestGap = 64 << 10, LongestRange = 1 << 20;

    private readonly List<BlobPiece> _pieces = [];
    private readonly Dictionary<Id, int> _packs = [];

    /// <summary>Adds all blobs of a file. A file without blobs, or with a missing one, is finished at once.</summary>
    public void Add(FileJob job)
    {
        var first = _pieces.Count;
        job.Failure = job.Node.Content is { } content ? AddPieces(job, content) : "it has no list of content";
        if (job.Failure is not null) _pieces.RemoveRange(first, _pieces.Count - first);
        job.Remaining = _pieces.Count - first;
        if (job.Remaining == 0) builder.Finish(job);
    }

    private string? AddPieces(FileJob job, IReadOnlyList<Id> content)
    {
        foreach (var id in content)
        {
            if (!context.Index.TryFind(id, BlobType.Data, out var blob)) return $"blob {id.ToShortString()} is not in the index, or its size there cannot be";
            _pieces.Add(new BlobPiece(job, id, job.Size, NumberOf(blob.Pack), blob));
            job.Size += blob.PlainLength;
        }
        return (ulong)job.Size == job.Node.Size ? null : $"it should have {job.Node.Size} bytes, and its blobs have {job.Size}";
    }

    /// <summary>Returns the ranges to read, in the order in which files need them.</summary>
    public IEnumerable<PackRange> Ranges()
    {
        var pieces = _pieces.ToArray();
        Array.Sort(pieces, BlobPiece.CompareByPlace);
        for (int start = 0, next; start < pieces.Length; start = next)
        {
            long end = pieces[start].Blob.Offset + (long)pieces[start].Blob.Length;
            for (next = start + 1; next < pieces.Length && Belongs(pieces[start], pieces[next], end); next++)
                end = pieces[next].Blob.Offset + (long)pieces[next].Blob.Length;
            yield return new PackRange(new ArraySegment<BlobPiece>(pieces, start, next - start), pieces[start].Blob.Offset, (int)(end - pieces[start].Blob.Offset));
        }
    }

    private static bool Belongs(in BlobPiece first, in BlobPiece next, long end) =>
        next.Number == first.Number
        && (next.Blob.Offset + (long)next.Blob.Length <= end || (next.Blob.Offset - end <= WidestGap && next.Blob.Offset + (long)next.Blob.Length - first.Blob.Offset <= LongestRange));

    private int NumberOf(Id pack)
    {
        if (!_packs.TryGetValue(pack, out var number)) _packs.Add(pack, number = _packs.Count);
        return number;
    }
}
