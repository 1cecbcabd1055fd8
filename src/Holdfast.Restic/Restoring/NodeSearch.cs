using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Determines whether patterns match anything, so that a mistake is reported before a restore begins.
/// </summary>
internal sealed class NodeSearch(Repository repository, NodeSelection selection)
{
    /// <summary>
    /// Returns true when something below the root is selected. A directory that cannot be read counts as selected: the
    /// restore itself reports it.
    /// </summary>
    public async Task<bool> FindsAnyAsync(Node root, CancellationToken cancellation)
    {
        var guard = repository.GuardWalk(root.Subtree is { } top ? [top] : []);
        var folders = new Stack<(string Path, Node Node)>([("", root)]);
        while (folders.TryPop(out var folder))
        {
            if (await ReadAsync(folder.Node, cancellation) is not { } nodes) return true;
            await guard.EnterAsync(folder.Node.Subtree!.Value, folder.Path, nodes.Count, cancellation);
            foreach (var node in nodes)
            {
                var path = $"{folder.Path}/{node.Name}";
                if (selection.Wants(path)) return true;
                if (node.Type == NodeType.Directory && selection.MayWantBelow(path)) folders.Push((path, node));
            }
        }
        return false;
    }

    private async Task<IReadOnlyList<Node>?> ReadAsync(Node folder, CancellationToken cancellation)
    {
        try
        {
            return folder.Subtree is { } tree ? await repository.ReadTreeAsync(tree, cancellation) : null;
        }
        catch (ResticException error) when (error.IsLoss)
        {
            return null;
        }
    }
}
