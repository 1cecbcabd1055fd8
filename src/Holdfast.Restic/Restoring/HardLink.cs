using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>Creates further hard links to a restored file.</summary>
internal static class HardLink
{
    public static void Restore(RestoreContext context, FileJob first, FileJob link)
    {
        string? aside = null;
        var kept = false;
        var failure = first.Failure ?? TargetFailure.Try(() =>
        {
            kept = link.Standing is { } standing && standing.Identity == first.Identity;
            if (!kept) aside = Make(context, first, link);
        });
        var outcome = kept ? RestoreOutcome.Kept : aside is not null ? RestoreOutcome.MovedAside : RestoreOutcome.Restored;
        if (failure is null)
            context.Tally.Add(new RestoredNode(link.Path, NodeType.File, outcome, aside));
        else
            context.Tally.Failed(link.Path, NodeType.File, failure);
    }

    private static string? Make(RestoreContext context, FileJob first, FileJob link)
    {
        if (context.Options.DryRun) return link.Predict(context);
        using var from = context.Folders.Use(first.Folder);
        using var to = context.Folders.Use(link.Folder);
        var temporary = context.Temporary.Next();
        to.Folder.MakeHardLink(temporary, from.Folder, first.Name);
        try
        {
            // A user who can rename in the directory of the first link could have put a file of their own under its
            // name.
            if (!to.Folder.TryFind(temporary, out var made) || made.Identity != first.Identity)
                throw PosixException.Refused(link.Path, $"{first.Path} was exchanged for another file, so {link.Path} was not made a hard link to it");
            return context.Placement.Commit(to.Folder, temporary, link.Name);
        }
        catch (PosixException)
        {
            to.Folder.Unlink(temporary);
            throw;
        }
    }
}
