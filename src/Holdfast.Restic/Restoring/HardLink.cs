using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>Gives a restored file its further names.</summary>
internal static class HardLink
{
    public static void Restore(RestoreContext context, FileJob first, FileJob link)
    {
        string? aside = null;
        var kept = false;
        var failure = first.Failure ?? TargetFailure.Try(() =>
        {
            kept = IsLinked(first, link);
            if (!kept) aside = Make(context, first, link);
        });
        var outcome = kept ? RestoreOutcome.Kept : aside is not null ? RestoreOutcome.MovedAside : RestoreOutcome.Restored;
        if (failure is null)
            context.Tally.Add(new RestoredNode(link.Path, NodeType.File, outcome, aside));
        else
            context.Tally.Failed(link.Path, NodeType.File, failure);
    }

    private static bool IsLinked(FileJob first, FileJob link) =>
        link.Standing is { } standing && FileStatus.TryFind(first.Path, out var status) && status.Inode == standing.Inode && status.Device == standing.Device;

    private static string? Make(RestoreContext context, FileJob first, FileJob link)
    {
        if (context.Options.DryRun) return link.Standing is { } standing ? context.Placement.Predict(link.Path, standing.Type) : null;
        var temporary = context.Temporary.Beside(link.Path);
        LinkCalls.MakeHardLink(temporary, first.Path);
        try
        {
            return context.Placement.Commit(temporary, link.Path);
        }
        catch (PosixException)
        {
            EntryCalls.Unlink(temporary);
            throw;
        }
    }
}
