using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Restores symbolic links, device nodes and FIFOs. Sockets are skipped, as in restic: their servers create them.
/// </summary>
internal static class SpecialNode
{
    private const uint Private = 0x180; // 0600, until the metadata is set

    public static void Restore(RestoreContext context, Node node, RestoreFolder parent, FileStatus? standing)
    {
        var path = $"{parent.Path}/{node.Name}";
        var result = new RestoredNode(path, node.Type, RestoreOutcome.Restored);
        var failure = TargetFailure.Try(() =>
        {
            if (context.Options.DryRun && parent.IsFresh) return;
            using var lease = context.Folders.Use(parent);
            result = (standing is null ? null : Keep(context, node, lease.Folder)) ?? Make(context, node, lease.Folder, standing);
        });
        if (failure is null)
            context.Tally.Add(result);
        else
            context.Tally.Failed(path, node.Type, failure);
    }

    // Null when a new one is to be created. The owner of an entry of another user, or with further links, is not
    // changed: it may be used elsewhere.
    private static RestoredNode? Keep(RestoreContext context, Node node, OpenFolder folder)
    {
        var path = folder.PathOf(node.Name);
        using var place = folder.OpenPlace(node.Name);
        var status = FileStatus.Of(place, path);
        if (!IsSame(node, folder, status)) return null;
        if (context.Metadata.IsSame(node, place, path, status)) return new RestoredNode(path, node.Type, RestoreOutcome.Kept);
        if (status.Links > 1 || !context.Metadata.IsOwner(node, status)) return null;
        var failure = context.Options.DryRun ? null : context.Metadata.Apply(node, place, path);
        return new RestoredNode(path, node.Type, failure is null ? RestoreOutcome.Restored : RestoreOutcome.Failed, Error: failure);
    }

    private static bool IsSame(Node node, OpenFolder folder, in FileStatus status) => status.Type == node.Type && node.Type switch
    {
        NodeType.Symlink => string.Equals(folder.ReadLink(node.Name), node.LinkTarget, StringComparison.Ordinal),
        NodeType.Device or NodeType.CharDevice => status.TargetDevice == node.Device,
        _ => true,
    };

    private static RestoredNode Make(RestoreContext context, Node node, OpenFolder folder, FileStatus? standing)
    {
        string? failure = null;
        var aside = standing is { } there && context.Options.DryRun ? context.Placement.Predict(folder, node.Name, there.Type) : null;
        if (!context.Options.DryRun)
        {
            var temporary = context.Temporary.Next();
            Create(node, folder, temporary);
            (failure, aside) = Complete(context, node, folder, temporary);
        }
        var outcome = failure is not null ? RestoreOutcome.Failed : aside is not null ? RestoreOutcome.MovedAside : RestoreOutcome.Restored;
        return new RestoredNode(folder.PathOf(node.Name), node.Type, outcome, aside, failure);
    }

    private static (string? Failure, string? Aside) Complete(RestoreContext context, Node node, OpenFolder folder, string temporary)
    {
        try
        {
            using var made = OpenMade(node, folder, temporary);
            return (context.Metadata.Apply(node, made, folder.PathOf(node.Name)), context.Placement.Commit(folder, temporary, node.Name));
        }
        catch
        {
            folder.Unlink(temporary);
            throw;
        }
    }

    private static SafeFileHandle OpenMade(Node node, OpenFolder folder, string temporary)
    {
        var made = folder.OpenPlace(temporary);
        var status = FileStatus.Of(made, folder.PathOf(temporary));
        if (status.Type == node.Type && status.Links == 1) return made;
        made.Dispose();
        throw PosixException.Refused(folder.PathOf(node.Name), $"{folder.PathOf(node.Name)} was exchanged for another while it was being restored");
    }

    private static void Create(Node node, OpenFolder folder, string name)
    {
        switch (node.Type)
        {
            case NodeType.Symlink: folder.MakeSymlink(name, node.LinkTarget); break;
            case NodeType.Device: folder.MakeNode(name, NodeMode.Block | Private, node.Device); break;
            case NodeType.CharDevice: folder.MakeNode(name, NodeMode.Character | Private, node.Device); break;
            default: folder.MakeNode(name, NodeMode.Fifo | Private, 0); break;
        }
    }
}
