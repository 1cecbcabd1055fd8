using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Walks the snapshot, parents before children, and passes each selected node to the restorer of its type.
/// </summary>
internal sealed class RestoreWalk(RestoreContext context, FolderMaker folders, FileRestorer files, RestoreFolder top)
{
    private readonly NodeSelection _selection = new(context.Options);
    private WalkGuard? _guard;
    private readonly Stack<Level> _levels = new(); // not recursive: trees may be deeper than a stack

    private sealed class Level(RestoreFolder folder, IReadOnlyList<Node> nodes)
    {
        private int _next;
        private HashSet<string>? _seen;

        public RestoreFolder Folder => folder;

        public Node? Next() => _next < nodes.Count ? nodes[_next++] : null;

        /// <summary>
        /// Returns true when an earlier node than the last one has the same name. Names are sorted, unless another
        /// program wrote the tree.
        /// </summary>
        public bool IsRepeated()
        {
            if (_next < 2) return false;
            var name = nodes[_next - 1].Name;
            if (_seen is null && FileName.Compare(nodes[_next - 2].Name, name) < 0) return false;
            _seen ??= [.. nodes.Take(_next - 1).Select(node => node.Name)];
            return !_seen.Add(name);
        }
    }

    /// <summary>Restores everything below a directory, or a single other node.</summary>
    public async Task RunAsync(Node root, CancellationToken cancellation)
    {
        if (root.Type == NodeType.Directory)
            await EnterAsync(top, root, cancellation);
        else
            _levels.Push(new Level(top, [root]));
        while (_levels.TryPeek(out var level))
        {
            cancellation.ThrowIfCancellationRequested();
            if (level.Next() is not { } node)
                _levels.Pop();
            else if (Visit(level, node) is { } folder)
                await EnterAsync(folder, node, cancellation);
            if (files.IsBatchFull) await files.RunBatchAsync(cancellation);
        }
        await files.RunBatchAsync(cancellation);
    }

    private async Task EnterAsync(RestoreFolder folder, Node node, CancellationToken cancellation)
    {
        if (await ReadAsync(folder, node, cancellation) is not { } nodes) return;
        _guard ??= context.Repository.GuardWalk(node.Subtree!.Value);
        await _guard.EnterAsync(node.Subtree!.Value, folder.Path, nodes.Count, cancellation);
        _levels.Push(new Level(folder, nodes));
    }

    private async Task<IReadOnlyList<Node>?> ReadAsync(RestoreFolder folder, Node node, CancellationToken cancellation)
    {
        try
        {
            var tree = node.Subtree ?? throw new ResticException(ResticError.Damaged, "The folder has no tree.");
            return await context.Repository.ReadTreeAsync(tree, cancellation);
        }
        catch (ResticException error) when (error.IsLoss)
        {
            context.Tally.Failed(Shown(folder.Path), NodeType.Directory, $"nothing below it can be restored: {error.Message}");
            return null;
        }
    }

    // The directory to descend into, or null.
    private RestoreFolder? Visit(Level level, Node node)
    {
        var parent = level.Folder;
        var path = $"{parent.Path}/{node.Name}";
        if (!node.HasSafeName)
        {
            context.Tally.Failed(path, node.Type, "its name cannot stand in a folder");
            return null;
        }
        if (level.IsRepeated())
        {
            context.Tally.Failed(path, node.Type, "the recovery point has another entry of this name in the same folder, so this one was left out");
            return null;
        }
        var relative = path[top.Path.Length..];
        var wanted = _selection.Wants(relative);
        if (node.Type == NodeType.Directory) return VisitFolder(parent, node, path, wanted, relative);
        if (wanted && context.Options.IsThere?.Invoke(relative) != true) VisitLeaf(parent, node, path);
        return null;
    }

    private RestoreFolder? VisitFolder(RestoreFolder parent, Node node, string path, bool wanted, string relative)
    {
        if (!wanted && !_selection.MayWantBelow(relative)) return null;
        var isForeign = context.Options.IsForeign?.Invoke(relative) == true;
        var isWanted = wanted && !isForeign && context.Options.IsOnTheWay?.Invoke(relative) != true;
        var folder = new RestoreFolder(path, node, parent, isWanted) { IsForeign = isForeign };
        if (folder.IsWanted && context.Metadata.IsReduced(node)) context.Tally.Reduced();
        if (folder.IsWanted) folders.Ensure(folder);
        return folder.Failure is null ? folder : null;
    }

    private void VisitLeaf(RestoreFolder parent, Node node, string path)
    {
        if (node.Type == NodeType.Socket) return;
        if (node.Type == NodeType.File) Interlocked.Increment(ref context.Tally.Counters.FilesTotal);
        if (node.Type == NodeType.Unknown)
        {
            context.Tally.Failed(path, node.Type, $"its type '{node.TypeName}' is not known");
            return;
        }
        if (context.Metadata.LeavesOut(node))
        {
            context.Tally.LeftOut();
            return;
        }
        if (context.Metadata.IsReduced(node)) context.Tally.Reduced();
        FileStatus? standing = null;
        var failure = folders.Ensure(parent) ? TargetFailure.Try(() => standing = Find(parent, node.Name)) : "its folder could not be made";
        if (failure is not null)
            context.Tally.Failed(path, node.Type, failure);
        else if (node.Type == NodeType.File)
            files.Add(node, parent, standing);
        else
            SpecialNode.Restore(context, node, parent, standing);
    }

    private FileStatus? Find(RestoreFolder parent, string name)
    {
        if (parent.IsFresh) return null;
        using var lease = context.Folders.Use(parent);
        return lease.Folder.TryFind(name, out var status) ? status : null;
    }

    private static string Shown(string path) => path.Length == 0 ? "/" : path;
}
