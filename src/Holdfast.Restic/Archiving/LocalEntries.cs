using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// What an archiving would find on this machine, for callers that choose paths. Names are spelt as in <see cref="Node"/>, so
/// that those that are not UTF-8 go round without loss, which System.IO can't do. Links are not followed but by <see cref="Resolve"/>.
/// </summary>
public static class LocalEntries
{
    /// <summary>What stands at a path, and its size in bytes if it is a file; false when nothing does, or it may not be seen.</summary>
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

    /// <summary>The device that the file system of a path lies on; 0 when nothing is there, or it may not be seen.</summary>
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

    /// <summary>The kernel's own file system ("proc") that a path lies in; null in any other, and where nothing stands. Of such nothing is ever archived.</summary>
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
    /// True when root alone (or the user of this process) can change where a path leads: it owns what stands there and all folders above, and
    /// nobody else may write to them. In a folder like /tmp others may write, but not to what is root's.
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

    /// <summary>Who owns what stands at a path; null when nothing does, or it may not be seen.</summary>
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
    /// The user, and its groups, who can change what stands at a path although it is not root's alone: the first on the way down. Where only the
    /// members of a group can, a user without a name (65534) in that group. Null when root alone can, or it may not be seen.
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
        if (status.Type == NodeType.Symlink) return true; // the mode of a link means nothing
        var writable = (status.Mode & othersWrite) != 0 || ((status.Mode & groupWrites) != 0 && status.Gid != 0);
        return !writable || (isAbove && status.Type == NodeType.Directory && (status.Mode & sticky) != 0);
    }

    /// <summary>True for a file that has other names: what is written to it is written to those, too.</summary>
    /// <exception cref="IOException">It may not be seen.</exception>
    public static bool HasOtherNames(string path) => FileStatus.TryFind(path, out var status) && status is { Type: NodeType.File, Links: > 1 };

    /// <summary>Whether two paths lead to the same folder, over links and mounts; null when that can't be told.</summary>
    public static bool? AreSame(string folder, string other)
    {
        try
        {
            // The dot has a link at the end of the path followed.
            return FileStatus.TryFind($"{folder}/.", out var left) && FileStatus.TryFind($"{other}/.", out var right) && (left.Inode, left.Device) == (right.Inode, right.Device);
        }
        catch (PosixException)
        {
            return null;
        }
    }

    /// <summary>Why it can't be told whether something stands at a path, as a sentence without its end; null when it can.</summary>
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

    /// <summary>The names in a folder, in the order of their bytes.</summary>
    /// <exception cref="IOException">It can't be listed.</exception>
    public static IReadOnlyList<string> Names(string folder)
    {
        var names = FolderReader.ReadNames(folder);
        names.Sort(static (left, right) => FileName.Compare(left, right));
        return names;
    }

    /// <summary>Where a link points to, as it is written.</summary>
    /// <exception cref="IOException">It is no link, or it can't be read.</exception>
    public static string LinkTarget(string path) => LinkCalls.ReadLink(path);

    /// <summary>The folder itself where a path is a link to it: administrators move data to another disk so. A path where nothing stands is as it is.</summary>
    public static string Resolve(string folder) =>
        (Directory.Exists(folder) ? new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName.TrimEnd('/') : null) ?? folder;
}
