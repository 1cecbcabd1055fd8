using System.Collections.Concurrent;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Visits every tree of every snapshot once, level by level, and checks that everything they need is in the index.
/// Memory: 40 to 60 bytes a distinct tree, and the ids of one level.
/// </summary>
internal sealed class TreeSurvey(CheckedBlobs blobs, Findings findings, CheckCounters counters)
{
    private readonly HashSet<Id> _seen = [];
    private readonly Lock _gate = new();

    public async Task RunAsync(IEnumerable<Id> roots, int workers, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation };
        var level = new ConcurrentBag<Id>(roots.Where(IsNew));
        while (!level.IsEmpty)
        {
            var next = new ConcurrentBag<Id>();
            await Parallel.ForEachAsync(level, options, async (tree, token) => await VisitAsync(tree, next, token));
            level = next;
        }
    }

    private bool IsNew(Id tree)
    {
        lock (_gate) return _seen.Add(tree);
    }

    private async Task VisitAsync(Id tree, ConcurrentBag<Id> next, CancellationToken cancellation)
    {
        Interlocked.Increment(ref counters.TreesDone);
        if (!blobs.Index.TryFind(tree, BlobType.Tree, out var place))
        {
            findings.AddMissing(tree, BlobType.Tree);
            return;
        }
        var file = Layout.PathOf(FileKind.Pack, place.Pack.ToString());
        try
        {
            CheckNodes(tree, file, await blobs.ReadTreeAsync(tree, place, cancellation), next);
        }
        catch (ResticException failure) when (failure.IsLoss)
        {
            findings.Add(file, $"The tree {tree.ToShortString()} is lost: {failure.Message}", tree);
        }
    }

    private void CheckNodes(Id tree, string file, IReadOnlyList<Node> nodes, ConcurrentBag<Id> next)
    {
        foreach (var node in nodes)
        {
            if (Complain(node) is { } complaint)
                findings.Add(file, $"The tree {tree.ToShortString()} has {complaint}.", tree);
            foreach (var blob in node.Content ?? [])
                if (!blob.IsZero && !blobs.Index.TryFind(blob, BlobType.Data, out _)) findings.AddMissing(blob, BlobType.Data);
            if (node is { Type: NodeType.Directory, Subtree: { IsZero: false } subtree } && IsNew(subtree)) next.Add(subtree);
        }
    }

    private static string? Complain(Node node) => node switch
    {
        { Type: NodeType.Unknown } => $"a node of the unknown type '{node.TypeName}': '{node.Name}'",
        { Type: NodeType.File, Content: null } => $"a file without a list of content: '{node.Name}'",
        { Type: NodeType.File, Content: { } content } when content.Any(id => id.IsZero) => $"a file with a blob of no id: '{node.Name}'",
        { Type: NodeType.Directory, Subtree: null or { IsZero: true } } => $"a folder without a tree: '{node.Name}'",
        _ => null,
    };
}
