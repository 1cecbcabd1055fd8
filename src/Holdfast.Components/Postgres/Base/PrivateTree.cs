using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Components.Postgres.Base;

/// <summary>
/// A new folder, in a folder of another user, that only root can enter until it is handed over: what is written in it cannot be led elsewhere by links.
/// It is held open, so that a folder that is put in its place meanwhile is noticed.
/// </summary>
internal sealed partial class PrivateTree : IDisposable
{
    private const int Private = 0x1C0; // 0700

    private readonly SafeFileHandle _folder;
    private readonly FileFacts _facts;

    private PrivateTree(string path, SafeFileHandle folder) => (Path, _folder, _facts) = (path, folder, FileFacts.Of(folder));

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
    /// <exception cref="ProblemException">Something is there already, or the way leads over a link that another user can exchange.</exception>
    public static PrivateTree Make(string path)
    {
        try
        {
            using (TrustedPath.ActAsKeeper(path))
            {
                PrivateFolder.MakeShared(System.IO.Path.GetDirectoryName(path)!); // the server's user passes through
                if (!IsFree(path) && mkdir(path, Private) != 0) throw Failure(path);
            }
            return Hold(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, failure.Message, failure);
        }
    }

    /// <exception cref="ProblemException">Another folder stands at its path by now.</exception>
    public void Check()
    {
        if (FileFacts.TryFind(Path) is not { } found || (found.Inode, found.Device) != (_facts.Inode, _facts.Device))
            throw Refused(Path, "another process has put something else in its place", null);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>True for an empty folder that a restore may make its own: a person made it for that, or a restore that failed did.</summary>
    public static bool IsFree(string path) => FileFacts.TryFind(path) is { IsFolder: true } found && (found.User == 0 || !Environment.IsPrivilegedProcess) && LocalEntries.Names(path).Count == 0;

    /// <summary>Whoever could enter it until it became root's may have left something in it.</summary>
    private static PrivateTree Hold(string path)
    {
        var folder = ClusterFolder.Open(path);
        var tree = new PrivateTree(path, folder);
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

    private static ProblemException Refused(string path, string why, Exception? cause) =>
        Catalogue.PostgresFiles.Throwable($"The folder {path} cannot be made for a restore: {why.TrimEnd('.')}.", "Restore to a folder that root or the owner of the cluster can write, and that no other user's links lead to.", cause);

    private static IOException Failure(string path) => new($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkdir(string path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(SafeFileHandle file, int mode);
}
