using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Makes folders when something below them needs them, and gives them their metadata when all below is done. What exists is
/// merged, and left-over temporary files in it are removed. A symlink where the snapshot has a folder is moved aside, so that
/// nothing is written outside the target; only when the target is "/", where no outside is, a symlink to a folder is
/// followed: on a running system /lib -> usr/lib must stay, and a data folder that was moved elsewhere stays there.
/// </summary>
internal sealed class FolderMaker(RestoreContext context, bool followsSymlinks)
{
    private const uint Private = 0x1C0; // 0700, until the metadata is set

    private readonly List<RestoreFolder> _made = [];
    private readonly bool _dry = context.Options.DryRun;

    /// <summary>Makes sure that a folder stands; false when it cannot.</summary>
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

    /// <summary>Removes temporary files that a killed restore has left in a folder.</summary>
    public void RemoveLeftovers(string path)
    {
        if (_dry) return;
        try
        {
            foreach (var name in FolderReader.ReadNames(path).Where(TemporaryName.IsTemporary))
                EntryCalls.Unlink($"{path.TrimEnd('/')}/{name}");
        }
        catch (PosixException error) when (error.Errno is Errno.EACCES or Errno.EPERM or Errno.ENOENT)
        {
            // Who may not look into it has left nothing there.
        }
    }

    /// <summary>Sets the metadata of all folders, those below others first: whatever is made in a folder touches its times.</summary>
    public void Finish()
    {
        for (var i = _made.Count - 1; i >= 0; i--)
            context.Tally.Add(Finish(_made[i], _made[i].Node!));
    }

    private void Make(RestoreFolder folder)
    {
        if (folder.Parent is not { IsFresh: true } && FileStatus.TryFind(folder.Path, out var standing))
        {
            if (standing.Type == NodeType.Directory || (followsSymlinks && standing.Type == NodeType.Symlink && LeadsToFolder(folder.Path)))
            {
                RemoveLeftovers(folder.Path);
                return;
            }
            folder.Aside = _dry ? context.Placement.Predict(folder.Path, standing.Type) : context.Placement.Clear(folder.Path);
        }
        if (!_dry) EntryCalls.MakeFolder(folder.Path, Private);
        folder.IsFresh = true;
    }

    private RestoredNode Finish(RestoreFolder folder, Node node)
    {
        var isSame = !folder.IsFresh && FileStatus.TryFind(folder.Path, out var standing) && standing.Type == NodeType.Directory && NodeMetadata.IsSame(node, folder.Path, standing);
        if (isSame) return new RestoredNode(folder.Path, NodeType.Directory, RestoreOutcome.Kept);
        var failure = _dry ? null : NodeMetadata.Apply(node, folder.IsFresh ? folder.Path : folder.Path + "/.");
        var outcome = failure is not null ? RestoreOutcome.Failed : folder.Aside is not null ? RestoreOutcome.MovedAside : RestoreOutcome.Restored;
        return new RestoredNode(folder.Path, NodeType.Directory, outcome, folder.Aside, failure);
    }

    private static bool LeadsToFolder(string path) => FileStatus.TryFind(path + "/.", out _);
}
