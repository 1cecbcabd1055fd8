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
