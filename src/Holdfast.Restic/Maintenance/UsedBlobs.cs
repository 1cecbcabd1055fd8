using System.Collections.Concurrent;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Marks the blobs of an index that snapshots need, with a bit for each. A tree is read once, however many directories
/// share it. A blob that cannot be read or is in no index is Damaged: nothing may be removed then, because needed blobs
/// would appear unused. With <paramref name="lost"/> it is reported instead, and the walk continues with the others.
/// </summary>
/// <param name="blobs">Reads the trees.</param>
/// <param name="lost">
/// Receives the id of a missing or damaged blob, and its location; the location is null for a blob that is in no index.
/// May be called from several threads.
/// </param>
internal sealed class UsedBlobs(CheckedBlobs blobs, Action<Id, BlobType, PackedBlob?, string>? lost = null)
{
    private const int Bits = 64;

    private readonly Lock _gate = new();
    private ulong[] _used = [];

    /// <summary>Returns true for a blob that is needed.</summary>
    /// <param name="number">Its number in the index.</param>
    public bool Has(int number)
    {
        lock (_gate) return number / Bits < _used.Length && (_used[number / Bits] & (1UL << (number % Bits))) != 0;
    }

    /// <summary>Marks these trees and everything below them.</summary>
    /// <exception cref="ResticException">Damaged or NotFound: a blob is damaged or missing.</exception>
    public async Task AddAsync(IEnumerable<Id> roots, int workers, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation };
        var level = new ConcurrentBag<Id>(roots.Where(root => Mark(root, BlobType.Tree)));
        while (!level.IsEmpty)
        {
            var next = new ConcurrentBag<Id>();
            await Parallel.ForEachAsync(level, options, async (tree, token) => await VisitAsync(tree, next, token));
            level = next;
        }
    }

    private async Task VisitAsync(Id tree, ConcurrentBag<Id> next, CancellationToken cancellation)
    {
        var place = blobs.Index.Find(tree, BlobType.Tree);
        foreach (var node in await ReadAsync(tree, place, cancellation))
        {
            foreach (var content in node.Content ?? []) Mark(content, BlobType.Data);
            if (node.Subtree is { } subtree && Mark(subtree, BlobType.Tree)) next.Add(subtree);
        }
    }

    private async Task<IReadOnlyList<Node>> ReadAsync(Id tree, PackedBlob place, CancellationToken cancellation)
    {
        try
        {
            return await blobs.ReadTreeAsync(tree, place, cancellation);
        }
        catch (ResticException failure) when (lost is not null && (failure.IsLoss || failure.Error == ResticError.InputOutput))
        {
            lost(tree, BlobType.Tree, place, failure.Message);
            return [];
        }
    }

    /// <summary>Returns true when the blob was not marked before, and is available.</summary>
    private bool Mark(Id id, BlobType type)
    {
        var number = blobs.Index.Find(type, id);
        if (number < 0 && lost is not null)
        {
            lost(id, type, null, "");
            return false;
        }
        if (number < 0) _ = blobs.Index.Find(id, type); // throws, because it is in no index
        lock (_gate)
        {
            if (number / Bits >= _used.Length) Array.Resize(ref _used, Math.Max(number / Bits + 1, _used.Length * 2));
            ref var word = ref _used[number / Bits];
            var bit = 1UL << (number % Bits);
            if ((word & bit) != 0) return false;
            word |= bit;
            return true;
        }
    }
}
