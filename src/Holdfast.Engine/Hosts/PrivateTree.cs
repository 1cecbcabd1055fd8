using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// A new folder, in a folder of another user, that only root can enter until it is handed over: what is written in it cannot be led elsewhere by links.
/// It is held open, so that a folder that is put in its place meanwhile is noticed.
/// </summary>
public sealed partial class PrivateTree : IDisposable
{
    private const int Private = 0x1C0, CloseOnExec = 0x80000; // 0700

    private readonly SafeFileHandle _folder;
    private readonly FileFacts _facts;
    private readonly ProblemKind _kind;

    private PrivateTree(string path, SafeFileHandle folder, ProblemKind kind) => (Path, _folder, _facts, _kind) = (path, folder, FileFacts.Of(folder), kind);

    /// <summary>Where it stands.</summary>
    public string Path { get; }

    /// <summary>A path to the opened folder itself, for this process, whatever its name leads to by now.</summary>
    public string Opened => $"/proc/self/fd/{_folder.DangerousGetHandle()}";

    /// <summary>The same for programs that this process starts.</summary>
    public string OpenedForOthers => ForOthers(_folder);

    /// <summary>A path to an open folder for programs that this process starts.</summary>
    public static string ForOthers(SafeFileHandle folder) => $"/proc/{Environment.ProcessId}/fd/{folder.DangerousGetHandle()}/.";

    /// <summary>The opened folder.</summary>
    public SafeFileHandle Handle => _folder;

    /// <summary>Makes it, and what it lies in. An empty folder of root's that is there is taken.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="kind">What the problem is when it cannot be made.</param>
    /// <exception cref="ProblemException">Something is there already, or the way leads over a link that another user can exchange.</exception>
    public static PrivateTree Make(string path, ProblemKind kind)
    {
        try
        {
            using (TrustedPath.ActAsKeeper(path))
            {
                PrivateFolder.MakeShared(System.IO.Path.GetDirectoryName(path)!); // the owner of what is restored passes through
                if (!IsFree(path) && mkdir(path, Private) != 0) throw Failure(path);
            }
            return Hold(path, kind);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused(kind, path, failure.Message, failure);
        }
    }

    /// <exception cref="ProblemException">Another folder stands at its path by now.</exception>
    public void Check()
    {
        if (FileFacts.TryFind(Path) is not { } found || (found.Inode, found.Device) != (_facts.Inode, _facts.Device))
            throw Refused(_kind, Path, "another process has put something else in its place", null);
    }

    /// <summary>Hands it over to a user of this machine: from then on the user can enter and change it. Nothing in it is touched.</summary>
    /// <exception cref="IOException">It cannot be given away.</exception>
    public void Give((uint User, uint Group) owner)
    {
        if (Environment.IsPrivilegedProcess && fchown(_folder, owner.User, owner.Group) != 0) throw Failure(Path);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>True for an empty folder that a restore may make its own: a person made it for that, or a restore that failed did.</summary>
    public static bool IsFree(string path) => FileFacts.TryFind(path) is { IsFolder: true } found && (found.User == 0 || !Environment.IsPrivilegedProcess) && LocalEntries.Names(path).Count == 0;

    /// <summary>Whoever could enter it until it became root's may have left something in it.</summary>
    private static PrivateTree Hold(string path, ProblemKind kind)
    {
        var folder = Open(path);
        var tree = new PrivateTree(path, folder, kind);
        try
        {
            if (Environment.IsPrivilegedProcess && (fchown(folder, 0, 0) != 0 || fchmod(folder, Private) != 0)) throw Failure(path);
            if (LocalEntries.Names(tree.Opened + "/.").Count > 0) throw new IOException("it is not empty");
            return tree;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    /// <summary>Opens a folder, never a link to one.</summary>
    /// <exception cref="IOException">It is none.</exception>
    public static SafeFileHandle Open(string path)
    {
        var descriptor = open(path, CloseOnExec | OpenFlags.Folder | OpenFlags.NoFollow, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(path);
    }

    /// <summary>Removes a folder that a restore has made, for the undo of a restore that did not end: a folder that is not that one is left alone.</summary>
    /// <param name="path">Its path, below a folder of another user.</param>
    /// <param name="mark">What every name of such a folder has in it, for the hint.</param>
    /// <param name="made">Inode and device of what was made, as they are in the undo; null when it was not made for certain, and then only an empty folder is removed.</param>
    /// <exception cref="ProblemException">HF-UNDO-LOST: something else is in its place.</exception>
    public static void Remove(string path, string mark, (string Inode, string Device)? made)
    {
        if (Environment.IsPrivilegedProcess && TrustedPath.LinkedBy(path, out var link) is not null) throw Lost(path, mark, $"{link} is a link that another user has made");
        using (TrustedPath.ActAsKeeper(path))
        {
            if (FileFacts.TryFind(path) is not { } found) return;
            if (!found.IsFolder) throw Lost(path, mark, "it is no folder");
        }
        try
        {
            if (made is { } identity) Empty(path, mark, identity);
            else if (LocalEntries.Names(path).Count > 0) throw Lost(path, mark, "something is in it that the restore has not written");
            using (TrustedPath.ActAsKeeper(path)) Directory.Delete(path);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw Lost(path, mark, refused.Message.TrimEnd('.'));
        }
    }

    /// <summary>Until it is handed over only root can enter it, and it is emptied by what was opened; after that, as its owner. Links in it are removed, not followed.</summary>
    private static void Empty(string path, string mark, (string Inode, string Device) made)
    {
        using var opened = Open(path);
        var facts = FileFacts.Of(opened);
        if (made != ($"{facts.Inode}", $"{facts.Device}")) throw Lost(path, mark, "another folder is in its place");
        var isPrivate = facts.User == 0 || !Environment.IsPrivilegedProcess;
        using (ActingUser.As(isPrivate ? null : (facts.User, facts.Group)))
            foreach (var entry in new DirectoryInfo(isPrivate ? $"/proc/self/fd/{opened.DangerousGetHandle()}/" : path).EnumerateFileSystemInfos().ToList())
                if (entry is DirectoryInfo { LinkTarget: null } inner) inner.Delete(recursive: true);
                else entry.Delete();
    }

    /// <summary>Who owns the folder above can make it so for ever, and nothing of it is followed: then a person has to look.</summary>
    private static ProblemException Lost(string path, string mark, string why) => Catalogue.UndoLost.Throwable(
        $"The incomplete folder {path} of a restore was not removed: {why}.", $"Look at {path} and what lies beside it, and remove what is there with '{mark}' in its name, and the folder of root's that it may have become.");

    private static ProblemException Refused(ProblemKind kind, string path, string why, Exception? cause) =>
        kind.Throwable($"The folder {path} cannot be made for a restore: {why.TrimEnd('.')}.", "Restore to a folder that root or the owner of what is restored can write, and that no other user's links lead to.", cause);

    private static IOException Failure(string path) => new($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkdir(string path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(SafeFileHandle file, int mode);
}
