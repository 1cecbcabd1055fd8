using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// Ensures that the nodes of a tree have valid, unique names. Duplicates, and names that are paths, are never written
/// by a correct program: restoring them could write anywhere. Another order only indicates an old version: the nodes
/// are sorted.
/// </summary>
internal static class TreeOrder
{
    /// <exception cref="FormatException">The tree is not trustworthy.</exception>
    public static void Require(List<Node> nodes)
    {
        var isSorted = true;
        for (var i = 0; i < nodes.Count; i++)
        {
            RequireName(nodes[i].Name);
            isSorted &= i == 0 || FileName.Compare(nodes[i - 1].Name, nodes[i].Name) < 0;
        }
        if (isSorted) return;
        nodes.Sort(static (a, b) => FileName.Compare(a.Name, b.Name));
        for (var i = 1; i < nodes.Count; i++)
            if (nodes[i - 1].Name == nodes[i].Name) throw new FormatException($"it has two nodes that are named '{nodes[i].Name}'.");
    }

    private static void RequireName(string name)
    {
        if (name is "" or "." or "..") throw new FormatException($"it has a node that is named '{name}'.");
        if (name.AsSpan().ContainsAny('/', '\0')) throw new FormatException($"it has a node whose name is a path: '{name}'.");
    }
}
