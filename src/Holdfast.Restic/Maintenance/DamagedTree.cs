namespace Holdfast.Restic.Maintenance;

/// <summary>The findings, by their numbers, that affect a tree: "Own" are those of the tree itself.</summary>
internal sealed record DamagedTree(IReadOnlyList<int> Own, IReadOnlyList<DamagedNode> Nodes);

/// <summary>An affected node: by its own content, or by what is below it.</summary>
internal sealed record DamagedNode(string Name, IReadOnlyList<int> Own, Id? Subtree);
