using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Shows what an archiving would find on this machine, for callers that choose paths. Names are spelled as in
/// <see cref="Node"/>, so that names that are not UTF-8 are preserved, which System.IO cannot do. Symbolic links are
/// followed only by <see cref="Resolve"/>.
/// </summary>
public static class LocalEntries
{
    /// <summary>
    /// Returns the type of the entry at a path, and its size in bytes if it is a file; false when the path does not
    /// exist or may not be read.
    /// </summary>
    public static bool TryFind(string path, out NodeType type, out ulong size)
    {
        (type, size) = (NodeType.Unknown, 0);
        try
        {
            if (!FileStatus.TryFind(path, out var status)) return false;
            (type, size) = (status.Type, status.Size);
            return true;
        }
        catch (PosixException)
        {
            return false;
        }
    }

    /// <summary>
    /// Returns the device number of the file system that contains a path; 0 when the path does not exist or may not be
    /// read.
    /// </summary>
    public static ulong DeviceOf(string path)
    {
        try
        {
            return FileStatus.TryFind(path, out var status) ? status.Device : 0;
        }
        catch (PosixException)
        {
            return 0;
        }
    }

    /// <summary>
    /// Returns the name of the kernel's file system ("proc") that contains a path, whose files are never archived; null
    /// for any other file system, and for a path that does not exist.
    /// </summary>
    public static string? KernelFileSystem(string path)
    {
        try
        {
            return Posix.KernelFileSystem.NameOf(path);
        }
        catch (PosixException)
        {
            return null;
        }
    }

    /// <summary>
    /// Returns true when only root (or the user of this process) can change what a path resolves to: it owns the entry
    /// and all directories above it, and no other user may write to them. In a directory like /tmp others may write,
    /// but cannot replace entries owned by root.
    /// </summary>
    public static bool IsOursAlone(string path)
    {
        try
        {
            for (var at = path; ; at = at.LastIndexOf('/') is > 0 and var slash ? at[..slash] : "/")
            {
                if (!FileStatus.TryFind(at, out var status) || !IsOursAlone(status, isAbove: at.Length < path.Length)) return false;
                if (at is "/") return true;
            }
        }
        catch (PosixException)
        {
            return false;
        }
    }

    /// <summary>
    /// Returns the uid and gid that own the entry at a path; null when it does not exist or may not be read.
    /// </summary>
    public static uint? OwnerOf(string path)
    {
        try
        {
            return FileStatus.TryFind(path, out var status) ? status.Uid : null;
        }
        catch (PosixException)
        {
            return null;
        }
    }

    /// <summary>
    /// Returns the user, with its groups, that can change the entry at a path although it is not under root's sole
    /// control: the first one on the way down. Where only the members of a group can, returns a user without a name
    /// (65534) in that group. Null when only root can, or when the path may not be read.
    /// </summary>
    public static (uint User, uint[] Groups)? ChangerOf(string path)
    {
        const uint groupWrites = 0x10, nobody = 65534;
        if (IsOursAlone(path)) return null;
        for (var end = 0; end < path.Length;)
        {
            end = path.IndexOf('/', end + 1) is > 0 and var slash ? slash : path.Length;
            if (!FileStatus.TryFind(path[..end], out var status)) return null;
            if (IsOursAlone(status, isAbove: end < path.Length)) continue;
            if (status.Uid != 0) return (status.Uid, Accounts.GroupsOf(status.Uid));
            return (nobody, (status.Mode & groupWrites) != 0 ? [status.Gid] : []);
        }
        return null;
    }

    private static bool IsOursAlone(in FileStatus status, bool isAbove)
    {
        const uint othersWrite = 0x02, groupWrites = 0x10, sticky = 0x200;
        if (status.Uid != 0 && status.Uid != Accounts.EffectiveUser) return false;
        if (status.Type == NodeType.Symlink) return true; // the mode of a symbolic link has no effect
        var writable = (status.Mode & othersWrite) != 0 || ((status.Mode & groupWrites) != 0 && status.Gid != 0);
        return !writable || (isAbove && status.Type == NodeType.Directory && (status.Mode & sticky) != 0);
    }

    /// <summary>
    /// Returns true for a file with more than one hard link: what is written to it appears under its other names, too.
    /// </summary>
    /// <exception cref="IOException">The file may not be read.</exception>
    public static bool HasOtherNames(string path) => FileStatus.TryFind(path, out var status) && status is { Type: NodeType.File, Links: > 1 };

    /// <summary>
    /// Returns whether two paths resolve to the same directory, through links and mounts; null when this cannot be
    /// determined.
    /// </summary>
    public static bool? AreSame(string folder, string other)
    {
        try
        {
            // With the dot appended, a symbolic link at the end of the path is followed.
            return FileStatus.TryFind($"{folder}/.", out var left) && FileStatus.TryFind($"{other}/.", out var right) && (left.Inode, left.Device) == (right.Inode, right.Device);
        }
        catch (PosixException)
        {
            return null;
        }
    }

    /// <summary>
    /// Returns why it cannot be determined whether a path exists, as a sentence without its full stop; null when it
    /// can.
    /// </summary>
    public static string? WhyUnseen(string path)
    {
        try
        {
            if (FileStatus.TryFind(path, out var status) && status.Type == NodeType.Directory) FolderReader.ReadNames(path);
            return null;
        }
        catch (PosixException unseen)
        {
            return unseen.Message;
        }
    }

    /// <summary>Returns the names in a directory, sorted bytewise.</summary>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    public static IReadOnlyList<string> Names(string folder)
    {
        var names = FolderReader.ReadNames(folder);
        names.Sort(static (left, right) => FileName.Compare(left, right));
        return names;
    }

    /// <summary>Returns the target of a symbolic link, as it is stored.</summary>
    /// <exception cref="IOException">The path is not a symbolic link, or it cannot be read.</exception>
    public static string LinkTarget(string path) => LinkCalls.ReadLink(path);

    /// <summary>
    /// Resolves a path that is a symbolic link to a directory, as administrators use to move data to another disk. A
    /// path that does not exist is returned unchanged.
    /// </summary>
    public static string Resolve(string folder) =>
        (Directory.Exists(folder) ? new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName.TrimEnd('/') : null) ?? folder;
}
