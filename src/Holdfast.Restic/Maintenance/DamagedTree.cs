namespace Holdfast.Restic.Maintenance;

/// <summary>What of a tree is touched by damages, which are numbered: "Own" are those of the tree itself.</summary>
internal sealed record DamagedTree(IReadOnlyList<int> Own, IReadOnlyList<DamagedNode> Nodes);

/// <summary>A node that is touched: by its own content, or by what is below it.</summary>
internal sealed record DamagedNode(string Name, IReadOnlyList<int> Own, Id? Subtree);
