using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Restores a part of a snapshot into a directory. Files appear under their names only when they are complete; failures
/// are reported and the restore continues. Only a full target, one that cannot be opened, and failures of the
/// repository end it.
/// </summary>
internal sealed class Restorer(Repository repository)
{
    /// <exception cref="ResticException">
    /// NoSuchName, Full, Target (it cannot be created or used), Unsafe (another user can change it), or a failure of
    /// the repository.
    /// </exception>
    public async Task<RestoreReport> RunAsync(Snapshot snapshot, string below, string target, RestoreOptions options, CancellationToken cancellation)
    {
        var root = await repository.FindNodeAsync(snapshot, below, cancellation)
            ?? throw new ResticException(ResticError.NoSuchName, $"There is no '{below}' in snapshot {snapshot.Id.ToShortString()}.");
        using var context = new RestoreContext(repository, await repository.LoadIndexAsync(cancellation), options);
        var top = new RestoreFolder(Path.GetFullPath(target).TrimEnd('/'), null, null, isWanted: true) { IsReady = true };
        var folders = new FolderMaker(context, followsSymlinks: top.Path.Length == 0);
        var files = new FileRestorer(context);
        try
        {
            OpenTop(context, top, folders);
            var walk = new RestoreWalk(context, folders, files, top);
            await walk.RunAsync(root, cancellation);
            files.MakeLinks();
            folders.Finish();
            if (options is { Durable: true, DryRun: false }) context.Folders.Sync();
        }
        catch (PosixException error)
        {
            throw TargetFailure.Fatal(error) ?? new ResticException(ResticError.Target, $"The restore has stopped: {error.Message}.", error);
        }
        return context.Tally.ToReport();
    }

    private static void OpenTop(RestoreContext context, RestoreFolder top, FolderMaker folders)
    {
        if (RestoreTarget.Open(top.Path.Length == 0 ? "/" : top.Path, context.Options) is not { } opened)
        {
            top.IsFresh = true; // a dry run, which would create it
            return;
        }
        context.Folders.Add(top, opened.Folder);
        top.IsTrusted = opened.IsTrusted;
        folders.RemoveLeftovers(opened.Folder);
    }
}
