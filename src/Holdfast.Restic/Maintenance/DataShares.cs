using Holdfast.Restic.Indexing;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>The space that a group of directories takes in the repository.</summary>
/// <param name="Name">The name of the group.</param>
/// <param name="Folders">The number of snapshot directories in it; a directory counts once in every snapshot.</param>
/// <param name="FileBytes">The sizes of all their files, before deduplication and compression.</param>
/// <param name="PlainBytes">The blobs that they need, each once, before compression.</param>
/// <param name="StoredBytes">The same, compressed and encrypted.</param>
/// <param name="UniqueBytes">
/// How many of those bytes are in blobs that no other group needs: what removing the group would free.
/// </param>
public sealed record DataShare(
    string Name, int Folders, long FileBytes, long PlainBytes, long StoredBytes, long UniqueBytes)
{
    /// <summary>Stored bytes that other groups need as well.</summary>
    public long SharedBytes => StoredBytes - UniqueBytes;
}

/// <summary>
/// Measures groups of directories: a bit for each blob and group, and the size of each distinct directory. Only trees
/// are read, no data.
/// </summary>
internal sealed class DataShares(Repository repository)
{
    private readonly Dictionary<Id, long> _sizes = [];

    /// <summary>Returns one entry per group, in the order of the groups.</summary>
    /// <exception cref="ResticException">Damaged or NotFound: some of their blobs cannot be read.</exception>
    public async Task<IReadOnlyList<DataShare>> WeighAsync(
        IReadOnlyList<(string Name, IReadOnlyList<Id> Trees)> groups, CancellationToken cancellation)
    {
        var index = await repository.LoadWholeIndexAsync(cancellation);
        var blobs = new CheckedBlobs(repository, index, mayBeCached: true);
        var used = new List<UsedBlobs>();
        foreach (var (_, trees) in groups)
        {
            used.Add(new UsedBlobs(blobs));
            await used[^1].AddAsync(trees, repository.Options.Workers, cancellation);
        }
        var (plain, stored, unique) = Add(index, used);
        var shares = new List<DataShare>();
        foreach (var (number, (name, trees)) in groups.Index())
        {
            var files = 0L;
            foreach (var tree in trees) files += await SizeAsync(tree, cancellation);
            shares.Add(new DataShare(name, trees.Count, files, plain[number], stored[number], unique[number]));
        }
        return shares;
    }

    private static (long[] Plain, long[] Stored, long[] Unique) Add(BlobIndex index, List<UsedBlobs> used)
    {
        var (plain, stored, unique) = (new long[used.Count], new long[used.Count], new long[used.Count]);
        foreach (var (number, first, _) in index.Blobs)
        {
            var (last, count) = (-1, 0);
            for (var group = 0; group < used.Count; group++)
            {
                if (!used[group].Has(number)) continue;
                (last, count) = (group, count + 1);
                plain[group] += first.PlainLength;
                stored[group] += first.Length;
            }
            if (count == 1) unique[last] += first.Length;
        }
        return (plain, stored, unique);
    }

    /// <summary>
    /// Returns the total size of all files below a tree. It uses a list instead of recursion, because a path may be
    /// thousands of directories deep.
    /// </summary>
    private async Task<long> SizeAsync(Id root, CancellationToken cancellation)
    {
        var waiting = new Stack<(Id Tree, IReadOnlyList<Node>? Nodes)>();
        waiting.Push((root, null));
        while (waiting.TryPop(out var next))
        {
            if (_sizes.ContainsKey(next.Tree)) continue;
            var nodes = next.Nodes ?? await repository.ReadTreeAsync(next.Tree, cancellation);
            var unknown = nodes.Select(node => node.Subtree).OfType<Id>().Where(tree => !_sizes.ContainsKey(tree)).ToList();
            if (unknown.Count > 0)
            {
                waiting.Push((next.Tree, nodes));
                foreach (var tree in unknown) waiting.Push((tree, null));
                continue;
            }
            _sizes[next.Tree] = nodes.Sum(node => node.Subtree is { } tree ? _sizes[tree] : (long)Math.Min(node.Size, long.MaxValue / 4));
        }
        return _sizes[root];
    }
}
