using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>Restores symlinks, device nodes and fifos. Sockets are passed over, as in restic: their server makes them.</summary>
internal static class SpecialNode
{
    private const uint Private = 0x180; // 0600, until the metadata is set

    public static void Restore(RestoreContext context, Node node, string path, FileStatus? standing)
    {
        var result = new RestoredNode(path, node.Type, RestoreOutcome.Restored);
        var failure = TargetFailure.Try(() => result = standing is { } there && IsSame(node, path, there)
            ? PutRight(context, node, path, there)
            : Make(context, node, path, standing));
        if (failure is null)
            context.Tally.Add(result);
        else
            context.Tally.Failed(path, node.Type, failure);
    }

    private static bool IsSame(Node node, string path, in FileStatus standing) => standing.Type == node.Type && node.Type switch
    {
        NodeType.Symlink => string.Equals(LinkCalls.ReadLink(path), node.LinkTarget, StringComparison.Ordinal),
        NodeType.Device or NodeType.CharDevice => standing.TargetDevice == node.Device,
        _ => true,
    };

    private static RestoredNode PutRight(RestoreContext context, Node node, string path, in FileStatus standing)
    {
        if (NodeMetadata.IsSame(node, path, standing)) return new RestoredNode(path, node.Type, RestoreOutcome.Kept);
        var failure = context.Options.DryRun ? null : NodeMetadata.Apply(node, path);
        return new RestoredNode(path, node.Type, failure is null ? RestoreOutcome.Restored : RestoreOutcome.Failed, Error: failure);
    }

    private static RestoredNode Make(RestoreContext context, Node node, string path, FileStatus? standing)
    {
        string? failure = null;
        var aside = standing is { } there && context.Options.DryRun ? context.Placement.Predict(path, there.Type) : null;
        if (!context.Options.DryRun)
        {
            var temporary = context.Temporary.Beside(path);
            Create(node, temporary);
            (failure, aside) = Complete(context, node, temporary, path);
        }
        var outcome = failure is not null ? RestoreOutcome.Failed : aside is not null ? RestoreOutcome.MovedAside : RestoreOutcome.Restored;
        return new RestoredNode(path, node.Type, outcome, aside, failure);
    }

    private static (string? Failure, string? Aside) Complete(RestoreContext context, Node node, string temporary, string path)
    {
        try
        {
            return (NodeMetadata.Apply(node, temporary), context.Placement.Commit(temporary, path));
        }
        catch
        {
            EntryCalls.Unlink(temporary);
            throw;
        }
    }

    private static void Create(Node node, string path)
    {
        switch (node.Type)
        {
            case NodeType.Symlink: LinkCalls.MakeSymlink(path, node.LinkTarget); break;
            case NodeType.Device: EntryCalls.MakeNode(path, NodeMode.Block | Private, node.Device); break;
            case NodeType.CharDevice: EntryCalls.MakeNode(path, NodeMode.Character | Private, node.Device); break;
            default: EntryCalls.MakeNode(path, NodeMode.Fifo | Private, 0); break;
        }
    }
}
