using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// A new folder, in a folder of another user, that only root can enter until it is handed over: no link can redirect
/// what is written in it. It is held open, so that a folder which is put in its place meanwhile is noticed.
/// </summary>
public sealed partial class PrivateTree : IDisposable
{
    private const int Private = 0x1C0, CloseOnExec = 0x80000; // 0700

    private readonly SafeFileHandle _folder;
    private readonly FileFacts _facts;
    private readonly ProblemKind _kind;

    private PrivateTree(string path, SafeFileHandle folder, ProblemKind kind) => (Path, _folder, _facts, _kind) = (path, folder, FileFacts.Of(folder), kind);

    /// <summary>The path of the folder.</summary>
    public string Path { get; }

    /// <summary>
    /// A path to the opened folder itself, for this process, even if its name now refers to another file.
    /// </summary>
    public string Opened => $"/proc/self/fd/{_folder.DangerousGetHandle()}";

    /// <summary>The same for programs that this process starts.</summary>
    public string OpenedForOthers => ForOthers(_folder);

    /// <summary>A path to an open folder for programs that this process starts.</summary>
    public static string ForOthers(SafeFileHandle folder) => $"/proc/{Environment.ProcessId}/fd/{folder.DangerousGetHandle()}/.";

    /// <summary>The opened folder.</summary>
    public SafeFileHandle Handle => _folder;

    /// <summary>Creates the folder and its missing parents. An existing empty folder of root is used.</summary>
    /// <param name="path">The path of the folder.</param>
    /// <param name="kind">The kind of the problem when the folder cannot be created.</param>
    /// <exception cref="ProblemException">The path exists already, or has a link that another user can
    /// exchange.</exception>
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

    /// <exception cref="ProblemException">Another folder is now at the path.</exception>
    public void Check()
    {
        if (FileFacts.TryFind(Path) is not { } found || (found.Inode, found.Device) != (_facts.Inode, _facts.Device))
            throw Refused(_kind, Path, "another process has put something else in its place", null);
    }

    /// <summary>
    /// Gives the folder to a user of this machine, who can enter and change it from then on. Its content is not
    /// changed.
    /// </summary>
    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public void Give((uint User, uint Group) owner)
    {
        if (Environment.IsPrivilegedProcess && fchown(_folder, owner.User, owner.Group) != 0) throw Failure(Path);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// True for an empty folder that a restore may use: created for it by a person, or by a restore that failed.
    /// </summary>
    public static bool IsFree(string path) => FileFacts.TryFind(path) is { IsFolder: true } found && (found.User == 0 || !Environment.IsPrivilegedProcess) && LocalEntries.Names(path).Count == 0;

    /// <summary>A process that could enter the folder before root owned it may have left something in it.</summary>
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
    /// <exception cref="IOException">The path is not a folder.</exception>
    public static SafeFileHandle Open(string path)
    {
        var descriptor = open(path, CloseOnExec | OpenFlags.Folder | OpenFlags.NoFollow, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(path);
    }

    /// <summary>
    /// Removes a folder that a restore created, for the undo of a restore that did not end: any other folder is left
    /// alone.
    /// </summary>
    /// <param name="path">The path of the folder, below a folder of another user.</param>
    /// <param name="mark">The text that every name of such a folder contains, for the hint.</param>
    /// <param name="made">Inode and device of the created folder, as recorded in the undo; null when its creation is
    /// not certain, and then only an empty folder is removed.</param>
    /// <exception cref="ProblemException">HF-UNDO-LOST: another file is in its place.</exception>
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

    /// <summary>
    /// Before it is handed over, only root can enter the folder, and it is emptied through the open descriptor; after
    /// that, as its owner. Links in it are removed, not followed.
    /// </summary>
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

    /// <summary>
    /// The owner of the parent folder can recreate it for ever, and no link in it is followed: a person must then
    /// examine it.
    /// </summary>
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
