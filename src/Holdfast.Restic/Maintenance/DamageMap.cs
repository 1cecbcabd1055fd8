using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Finds the trees that need damaged blobs, directly or anywhere below. Every tree is read once, however many snapshots
/// contain it; for undamaged trees only the id is kept.
/// </summary>
internal sealed class DamageMap(CheckedBlobs blobs, IReadOnlyDictionary<Id, List<int>> damages)
{
    private static readonly List<int> _none = [];
    private readonly HashSet<Id> _whole = [];
    private readonly Dictionary<Id, DamagedTree> _damaged = [];

    /// <summary>
    /// A tree whose nodes are being explored, on the path from the root to the tree that is being read.
    /// </summary>
    private sealed class Step(Id tree, IReadOnlyList<Node> nodes)
    {
        public Id Tree { get; } = tree;
        public IReadOnlyList<Node> Nodes { get; } = nodes;
        public int Next { get; set; }
        public List<DamagedNode> Found { get; } = [];
    }

    /// <summary>Returns the damage of a tree that <see cref="ExploreAsync"/> has explored, or null.</summary>
    public DamagedTree? Of(Id tree) => _damaged.GetValueOrDefault(tree);

    /// <summary>
    /// Explores a tree and everything below it. It uses a list instead of recursion, because a path may be thousands of
    /// directories deep.
    /// </summary>
    public async Task ExploreAsync(Id root, CancellationToken cancellation)
    {
        var steps = new Stack<Step>();
        if (!IsKnown(root)) steps.Push(await EnterAsync(root, cancellation));
        while (steps.TryPeek(out var step))
        {
            cancellation.ThrowIfCancellationRequested();
            if (step.Next == step.Nodes.Count)
            {
                Leave(steps.Pop());
                continue;
            }
            var node = step.Nodes[step.Next];
            if (node.Subtree is { } subtree && !IsKnown(subtree))
            {
                steps.Push(await EnterAsync(subtree, cancellation));
                continue;
            }
            Note(step, node);
            step.Next++;
        }
    }

    private bool IsKnown(Id tree) => _whole.Contains(tree) || _damaged.ContainsKey(tree);

    private async Task<Step> EnterAsync(Id tree, CancellationToken cancellation)
    {
        try
        {
            if (blobs.Index.TryFind(tree, BlobType.Tree, out var place))
                return new Step(tree, await blobs.ReadTreeAsync(tree, place, cancellation));
        }
        catch (ResticException failure) when (failure.Error is ResticError.Damaged or ResticError.NotFound or ResticError.InputOutput)
        {
            // The findings for the tree itself already report that it cannot be read.
        }
        return new Step(tree, []);
    }

    private void Note(Step step, Node node)
    {
        var own = OwnOf(node);
        if (own.Count > 0 || (node.Subtree is { } subtree && _damaged.ContainsKey(subtree)))
            step.Found.Add(new DamagedNode(node.Name, own, node.Subtree));
    }

    private List<int> OwnOf(Node node)
    {
        List<int>? own = null;
        foreach (var blob in node.Content ?? [])
            if (damages.TryGetValue(blob, out var numbers)) (own ??= []).AddRange(numbers);
        return own is null ? _none : [.. own.Distinct()];
    }

    private void Leave(Step step)
    {
        var own = damages.GetValueOrDefault(step.Tree, _none);
        if (own.Count == 0 && step.Found.Count == 0)
            _whole.Add(step.Tree);
        else
            _damaged[step.Tree] = new DamagedTree(own, step.Found);
    }
}
