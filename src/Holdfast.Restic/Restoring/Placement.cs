using System.Globalization;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Puts what is complete under its name. What stands there gets a second name first and is then replaced in one rename, so
/// that the name leads to the old or to the new file at every instant.
/// </summary>
internal sealed class Placement(RestoreOptions options)
{
    /// <summary>Renames what is complete to its final path. Returns where the old file is now, or null.</summary>
    public string? Commit(string temporary, string path)
    {
        string? aside = null;
        while (!EntryCalls.TryRenameNew(temporary, path))
        {
            if (!FileStatus.TryFind(path, out var standing)) continue;
            if (standing.Type == NodeType.Directory)
            {
                aside = MoveAside(path);
                continue;
            }
            if (options.Existing == ExistingFiles.MoveAside) aside = LinkAside(path, standing);
            EntryCalls.Rename(temporary, path);
            return aside;
        }
        return aside;
    }

    /// <summary>Clears a path for a folder: what stands there is moved aside, or removed when the user wants it so.</summary>
    public string? Clear(string path)
    {
        if (options.Existing == ExistingFiles.MoveAside) return MoveAside(path);
        EntryCalls.Unlink(path);
        return null;
    }

    /// <summary>Where something would be moved, in a dry run.</summary>
    public string? Predict(string path, NodeType standing) =>
        options.Existing == ExistingFiles.Overwrite && standing != NodeType.Directory ? null : Names(path).First(name => !FileStatus.TryFind(name, out _));

    private string MoveAside(string path)
    {
        foreach (var name in Names(path))
            if (EntryCalls.TryRenameNew(path, name)) return name;
        throw new InvalidOperationException("names do not end");
    }

    private string LinkAside(string path, in FileStatus standing)
    {
        foreach (var name in Names(path))
        {
            try
            {
                LinkCalls.MakeHardLink(name, path);
                return name;
            }
            catch (PosixException error) when (error.Errno == Errno.EEXIST)
            {
                if (IsSame(name, standing)) return name; // a restore that was killed has come this far
            }
            catch (PosixException error) when (error.Errno is Errno.EPERM or Errno.EOPNOTSUPP or Errno.EMLINK or Errno.ENOSYS or Errno.EXDEV)
            {
                return MoveAside(path); // no hard links here, or not for us: then the name is free for an instant
            }
        }
        throw new InvalidOperationException("names do not end");
    }

    private static bool IsSame(string path, in FileStatus standing) =>
        FileStatus.TryFind(path, out var other) && other.Inode == standing.Inode && other.Device == standing.Device;

    private IEnumerable<string> Names(string path)
    {
        yield return path + options.AsideSuffix;
        for (var number = 1; number > 0; number++)
            yield return string.Create(CultureInfo.InvariantCulture, $"{path}{options.AsideSuffix}.{number}");
    }
}
