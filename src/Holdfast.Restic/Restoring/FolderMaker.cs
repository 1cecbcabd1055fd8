using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Creates directories when something below them needs them, and sets their metadata when everything below is finished.
/// Existing ones are merged, and leftover temporary files in them are removed. A symbolic link in place of a directory
/// of the snapshot is moved aside, so that nothing is written outside the target. Only when the target is "/", which
/// has no outside, a symbolic link to a directory is followed, because on a running system /lib -> usr/lib must remain,
/// as must a data directory that was moved elsewhere: but only a link that root (or the running user) alone could have
/// created. With any other link, nothing below that directory is restored.
/// </summary>
internal sealed class FolderMaker(RestoreContext context, bool followsSymlinks)
{
    private const uint Private = 0x1C0; // 0700, until the metadata is set

    private readonly List<RestoreFolder> _made = [];
    private readonly bool _dry = context.Options.DryRun;

    /// <summary>Ensures that a directory exists; false when it cannot be created.</summary>
    public bool Ensure(RestoreFolder folder)
    {
        if (folder.IsReady || folder.Failure is not null) return folder.IsReady;
        folder.Failure = folder.Parent is { } parent && !Ensure(parent) ? "the folder above it could not be made" : TargetFailure.Try(() => Make(folder));
        folder.IsReady = folder.Failure is null;
        if (folder.Failure is not null)
            context.Tally.Failed(folder.Path, NodeType.Directory, folder.Failure);
        else if (folder.Node is not null && (folder.IsWanted || folder.IsFresh))
            _made.Add(folder);
        return folder.IsReady;
    }

    /// <summary>Removes temporary files of a killed restore from a directory.</summary>
    public void RemoveLeftovers(OpenFolder folder)
    {
        if (_dry) return;
        try
        {
            foreach (var name in folder.ReadNames().Where(TemporaryName.IsTemporary))
                if (folder.TryFind(name, out var status) && !status.IsFolder) folder.Unlink(name);
        }
        catch (PosixException error) when (error.Errno is Errno.EACCES or Errno.EPERM or Errno.ENOENT or Errno.EROFS)
        {
            // A user who may not list the directory, or not write to it, has left nothing there.
        }
    }

    /// <summary>
    /// Sets the metadata of all directories, children first, because creating an entry changes the times of its
    /// directory.
    /// </summary>
    public void Finish()
    {
        for (var i = _made.Count - 1; i >= 0; i--)
            Finish(_made[i], _made[i].Node!);
    }

    private void Make(RestoreFolder folder)
    {
        var parent = folder.Parent!;
        if (_dry && parent.IsFresh)
        {
            folder.IsFresh = true;
            return;
        }
        using var above = context.Folders.Use(parent);
        if (!parent.IsFresh && above.Folder.TryFind(folder.Name, out var standing) && UseStanding(folder, above.Folder, standing)) return;
        folder.IsFresh = true;
        if (!_dry) Enter(folder, MakeFresh(above.Folder, folder.Name, parent.IsTrusted), parent.IsTrusted);
    }

    private bool UseStanding(RestoreFolder folder, OpenFolder above, in FileStatus standing)
    {
        if (standing.IsFolder)
        {
            Enter(folder, above.Open(folder.Name), folder.Parent!.IsTrusted);
            return true;
        }
        if (followsSymlinks && standing.IsSymlink && TrustedPath.Follow(above, folder.Parent!.IsTrusted, folder.Name) is { } followed)
        {
            folder.IsLinked = true;
            Enter(folder, followed.Folder, followed.IsTrusted);
            return true;
        }
        folder.Aside = _dry ? context.Placement.Predict(above, folder.Name, standing.Type) : context.Placement.Clear(above, folder.Name);
        return false;
    }

    private void Enter(RestoreFolder folder, OpenFolder open, bool isTrusted)
    {
        context.Folders.Add(folder, open);
        folder.IsTrusted = isTrusted && Trust.Protects(open.Status);
        if (!folder.IsFresh) RemoveLeftovers(open);
    }

    // Where others may rename, a directory of another user could have replaced the created one: changing the owner of
    // an empty one is harmless.
    private static OpenFolder MakeFresh(OpenFolder parent, string name, bool isTrusted)
    {
        parent.MakeFolder(name, Private);
        var made = parent.Open(name);
        if (isTrusted || made.ReadNames().Count == 0) return made;
        made.Dispose();
        throw PosixException.Refused(parent.PathOf(name), $"the folder {parent.PathOf(name)} was exchanged for another as soon as it was made");
    }

    private void Finish(RestoreFolder folder, Node node)
    {
        var result = new RestoredNode(folder.Path, NodeType.Directory, RestoreOutcome.Restored, folder.Aside);
        var failure = TargetFailure.Try(() => result = _dry && folder.IsFresh ? result with { Outcome = Outcome(folder) } : SetMetadata(folder, node));
        context.Tally.Add(failure is null ? result : result with { Outcome = RestoreOutcome.Failed, Error = failure });
    }

    private RestoredNode SetMetadata(RestoreFolder folder, Node node)
    {
        var result = new RestoredNode(folder.Path, NodeType.Directory, Outcome(folder), folder.Aside);
        using var lease = context.Folders.Use(folder);
        var handle = lease.Folder.Handle;
        if (!folder.IsFresh)
        {
            var status = lease.Folder.Status;
            if (context.Metadata.IsSame(node, handle, folder.Path, status)) return result with { Outcome = RestoreOutcome.Kept };
            if (MayBeAnothers(folder, node, status)) return result with { Outcome = RestoreOutcome.Failed, Error = Kept(folder, status) };
        }
        if (folder.IsForeign) context.Tally.Foreign(folder.Path);
        var failure = _dry ? null
            : folder.IsForeign ? context.Metadata.ApplyPlain(node, handle, folder.Path)
            : context.Metadata.Apply(node, handle, folder.Path);
        return failure is null ? result : result with { Outcome = RestoreOutcome.Failed, Error = failure };
    }

    // The owner of the parent directory can have moved a directory of root to this name in order to become its owner.
    private bool MayBeAnothers(RestoreFolder folder, Node node, in FileStatus status)
    {
        if (folder.Parent!.IsTrusted || Accounts.EffectiveUser != 0 || context.Metadata.IsOwner(node, status)) return false;
        using var above = context.Folders.Use(folder.Parent);
        return status.Uid != above.Folder.Status.Uid;
    }

    private static string Kept(RestoreFolder folder, in FileStatus status) =>
        $"its owner and mode were kept: it belongs to user {status.Uid}, and who may rename folders in {folder.Parent!.Path} can have put it there";

    private static RestoreOutcome Outcome(RestoreFolder folder) => folder.Aside is null ? RestoreOutcome.Restored : RestoreOutcome.MovedAside;
}
