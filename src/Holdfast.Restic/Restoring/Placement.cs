using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Moves complete files to their final names. An existing file first gets a second name and is then replaced in one
/// rename, so that the name refers to the old or to the new file at every instant.
/// </summary>
internal sealed class Placement(RestoreOptions options)
{
    /// <summary>Renames a complete file to its final name. Returns the new name of the old file, or null.</summary>
    public string? Commit(OpenFolder folder, string temporary, string name)
    {
        string? aside = null;
        while (!folder.TryRenameNew(temporary, name))
        {
            if (!folder.TryFind(name, out var standing)) continue;
            if (standing.IsFolder)
            {
                aside = MoveAside(folder, name);
                continue;
            }
            if (options.Existing == ExistingFiles.MoveAside) aside = LinkAside(folder, name, standing);
            folder.Rename(temporary, name);
            return aside;
        }
        return aside;
    }

    /// <summary>
    /// Frees a name for a directory: an existing entry is moved aside, or removed if the options request it.
    /// </summary>
    public string? Clear(OpenFolder folder, string name)
    {
        if (options.Existing == ExistingFiles.MoveAside) return MoveAside(folder, name);
        folder.Unlink(name);
        return null;
    }

    /// <summary>Returns where an entry would be moved, in a dry run.</summary>
    public string? Predict(OpenFolder folder, string name, NodeType standing) =>
        options.Existing == ExistingFiles.Overwrite && standing != NodeType.Directory ? null
        : folder.PathOf(AsideName.All(name, options.AsideSuffix).First(aside => !folder.TryFind(aside, out _)));

    /// <summary>Copies a file durably to the name that it would be moved aside to. Returns that name.</summary>
    public string CopyAside(OpenFolder folder, string name, Action<Microsoft.Win32.SafeHandles.SafeFileHandle> fill)
    {
        foreach (var aside in AsideName.All(name, options.AsideSuffix))
        {
            if (folder.TryFind(aside, out _)) continue;
            using var copy = folder.Create(aside);
            fill(copy);
            FileCalls.Sync(copy, folder.PathOf(aside));
            folder.Sync();
            return aside;
        }
        throw new InvalidOperationException("names do not end");
    }

    private string MoveAside(OpenFolder folder, string name)
    {
        foreach (var aside in AsideName.All(name, options.AsideSuffix))
            if (folder.TryRenameNew(name, aside)) return folder.PathOf(aside);
        throw new InvalidOperationException("names do not end");
    }

    private string LinkAside(OpenFolder folder, string name, in FileStatus standing)
    {
        foreach (var aside in AsideName.All(name, options.AsideSuffix))
        {
            try
            {
                folder.MakeHardLink(aside, folder, name);
                return folder.PathOf(aside);
            }
            catch (PosixException error) when (error.Errno == Errno.EEXIST)
            {
                // A killed restore may have come this far.
                if (folder.TryFind(aside, out var other) && other.Identity == standing.Identity) return folder.PathOf(aside);
            }
            catch (PosixException error) when (error.Errno is Errno.EPERM or Errno.EOPNOTSUPP or Errno.EMLINK or Errno.ENOSYS or Errno.EXDEV)
            {
                return MoveAside(folder, name); // hard links are not supported or not permitted: then the name is free for an instant
            }
        }
        throw new InvalidOperationException("names do not end");
    }
}
