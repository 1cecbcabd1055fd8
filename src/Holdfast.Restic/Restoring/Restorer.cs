using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Restores a part of a snapshot into a folder. Files appear under their names only when they are whole; what fails is
/// reported and the rest goes on. Only a full or read-only target, and what stops the repository, end it.
/// </summary>
internal sealed class Restorer(Repository repository)
{
    private const uint Private = 0x1C0; // 0700, as restic makes the target

    /// <exception cref="ResticException">NotFound, Full, ReadOnly, Target (it cannot be made or used), or a failure of the repository.</exception>
    public async Task<RestoreReport> RunAsync(Snapshot snapshot, string below, string target, RestoreOptions options, CancellationToken cancellation)
    {
        var root = await repository.FindNodeAsync(snapshot, below, cancellation)
            ?? throw new ResticException(ResticError.NoSuchName, $"There is no '{below}' in snapshot {snapshot.Id.ToShortString()}.");
        var context = new RestoreContext(repository, await repository.LoadIndexAsync(cancellation), options);
        var top = new RestoreFolder(Path.GetFullPath(target).TrimEnd('/'), null, null, isWanted: true) { IsReady = true };
        var folders = new FolderMaker(context, followsSymlinks: top.Path.Length == 0);
        var files = new FileRestorer(context);
        try
        {
            PrepareTarget(top, folders, options.DryRun);
            var walk = new RestoreWalk(context, folders, files, top);
            await walk.RunAsync(root, cancellation);
            files.MakeLinks();
            folders.Finish();
        }
        catch (PosixException error)
        {
            throw TargetFailure.Fatal(error) ?? new ResticException(ResticError.Target, $"The restore has stopped: {error.Message}.", error);
        }
        return context.Tally.ToReport();
    }

    // The target may be a symlink to a folder: it is the user's choice.
    private static void PrepareTarget(RestoreFolder top, FolderMaker folders, bool dry)
    {
        if (FileStatus.TryFind(top.Path + "/.", out _))
            folders.RemoveLeftovers(top.Path + "/");
        else
            MakeTarget(top, dry);
    }

    private static void MakeTarget(RestoreFolder top, bool dry)
    {
        top.IsFresh = true;
        if (dry) return;
        for (var end = 1; end <= top.Path.Length; end++)
        {
            if (end < top.Path.Length && top.Path[end] != '/') continue;
            if (!FileStatus.TryFind(top.Path[..end] + "/.", out _)) EntryCalls.MakeFolder(top.Path[..end], Private);
        }
    }
}
