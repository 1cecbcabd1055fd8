using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// The directory that a restore writes to. Only root and the running user may be able to redirect its path.
/// </summary>
public static class RestoreTarget
{
    private const uint Private = 0x1C0; // 0700, as restic makes the target
    private const uint MayBeWritten = 0x12; // by the group or by others

    /// <summary>
    /// Refuses a directory, existing or still to be created, that another user may write to or replace.
    /// </summary>
    /// <exception cref="ResticException">Unsafe, or Target when it cannot be reached.</exception>
    public static void Check(string path)
    {
        try
        {
            using var top = Open(path, new RestoreOptions { DryRun = true })?.Folder;
        }
        catch (PosixException error)
        {
            throw new ResticException(ResticError.Target, $"The target of the restore cannot be used: {error.Message}.", error);
        }
    }

    /// <summary>
    /// Opens the target, and creates missing directories of its path. Null in a dry run that would create it.
    /// </summary>
    internal static (OpenFolder Folder, bool IsTrusted)? Open(string path, RestoreOptions options)
    {
        if (options.Into is { } into) return (new OpenFolder(DescriptorCalls.OpenPlace(into, ".", path), path), false);
        var (full, mayBeForeign) = (Path.GetFullPath(path), options.ForeignTarget);
        bool Make(OpenFolder parent, string name, bool isTrusted)
        {
            if (!isTrusted && !mayBeForeign) throw Unsafe(full, "would be made in a directory that another user may write or rename");
            if (!options.DryRun) parent.MakeFolder(name, Private);
            return !options.DryRun;
        }
        if (TrustedPath.Open(full, Make, NamesBelow(full, options.Below)) is not { } opened) return null;
        try
        {
            if (!mayBeForeign && full != "/") Check(full, opened.Folder.Status, opened.IsTrusted);
            return opened;
        }
        catch
        {
            opened.Folder.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Returns how many names at the end of the path must not be links: such a link would come from an earlier restore,
    /// so that the creator of the recovery point would have chosen its target.
    /// </summary>
    private static int NamesBelow(string path, string? directory)
    {
        if (directory is null) return 0;
        var relative = Path.GetRelativePath(directory, path);
        return relative == "." ? 0 : relative.StartsWith("..", StringComparison.Ordinal) ? throw Unsafe(path, $"does not lie below {directory}") : relative.Split('/').Length;
    }

    private static void Check(string path, in FileStatus target, bool isTrusted)
    {
        if (!Trust.IsOurs(target)) throw Unsafe(path, $"belongs to {Name(target.Uid)}");
        if ((target.Mode & MayBeWritten) != 0) throw Unsafe(path, "may be written by other users");
        if (!isTrusted) throw Unsafe(path, "lies in a directory that another user may write or rename");
    }

    private static string Name(uint user) => Accounts.UserName(user) is { Length: > 0 } name ? name : $"user {user}";

    private static ResticException Unsafe(string path, string why) => new(ResticError.Unsafe, $"The target {path} {why}.");
}
