using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>Walks the snapshot, parents before children, and hands each node that is wanted to whoever restores its kind.</summary>
internal sealed class RestoreWalk(RestoreContext context, FolderMaker folders, FileRestorer files, RestoreFolder top)
{
    private readonly NodeSelection _selection = new(context.Options.Include, context.Options.Exclude);
    private WalkGuard? _guard;
    private readonly Stack<Level> _levels = new(); // and no recursion: trees may be deeper than a stack

    private sealed class Level(RestoreFolder folder, IReadOnlyList<Node> nodes)
    {
        private int _next;

        public RestoreFolder Folder => folder;

        public Node? Next() => _next < nodes.Count ? nodes[_next++] : null;
    }

    /// <summary>Restores what is below a folder, or a single other node.</summary>
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
            else if (Visit(level.Folder, node) is { } folder)
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

    // The folder to go into, or null.
    private RestoreFolder? Visit(RestoreFolder parent, Node node)
    {
        var path = $"{parent.Path}/{node.Name}";
        if (!IsSafe(node.Name))
        {
            context.Tally.Failed(path, node.Type, "its name cannot stand in a folder");
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
        var folder = new RestoreFolder(path, node, parent, wanted && context.Options.IsOnTheWay?.Invoke(relative) != true);
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
        FileStatus? standing = null;
        var failure = folders.Ensure(parent) ? TargetFailure.Try(() => standing = Find(parent, path)) : "its folder could not be made";
        if (failure is not null)
            context.Tally.Failed(path, node.Type, failure);
        else if (node.Type == NodeType.File)
            files.Add(node, path, standing);
        else
            SpecialNode.Restore(context, node, path, standing);
    }

    private static FileStatus? Find(RestoreFolder parent, string path) =>
        !parent.IsFresh && FileStatus.TryFind(path, out var status) ? status : null;

    // A repository that somebody else has written must not reach out of the target.
    private static bool IsSafe(string name) => name is not ("" or "." or "..") && !name.AsSpan().ContainsAny('/', '\0');

    private static string Shown(string path) => path.Length == 0 ? "/" : path;
}
