using System.IO.Enumeration;
using System.Runtime.InteropServices;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>Operations on a local directory as a whole.</summary>
internal static partial class Folder
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const int CloseOnExec = 0x80000;

    /// <summary>Creates a directory with mode 0700, as restic does; an existing one is left unchanged.</summary>
    public static void Create(string path) => Directory.CreateDirectory(path, Private);

    /// <summary>Determines what an existing directory contains.</summary>
    public static PlaceState Look(string path) =>
        Layout.StateOf(new FileSystemEnumerable<string>(path, (ref entry) => entry.FileName.ToString(), _everything));

    /// <summary>Flushes a directory to disk, so that its entries survive a power failure.</summary>
    public static void Flush(string path)
    {
        using var handle = Open(path, 0);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>
    /// Opens a directory that this process has just created; a symbolic link in its place is refused.
    /// </summary>
    public static SafeFileHandle Open(string path) => Open(path, OpenFlags.NoFollow);

    private static SafeFileHandle Open(string path, int more)
    {
        var descriptor = OpenFolder(path, CloseOnExec | OpenFlags.Folder | more);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error);
    }

    /// <summary>Lists the stored files of one directory; temporary and foreign names are skipped.</summary>
    public static IEnumerable<StoredFile> Files(string path) =>
        new FileSystemEnumerable<StoredFile>(path, (ref entry) => new StoredFile(entry.FileName.ToString(), entry.Length, entry.LastWriteTimeUtc), _everything)
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && Layout.IsName(entry.FileName),
        };

    /// <summary>
    /// Lists unfinished files as full paths: names of this program or of restic followed by "-tmp-" and digits, last
    /// written before a given time.
    /// </summary>
    public static IEnumerable<string> Leftovers(string path, DateTimeOffset before) =>
        new FileSystemEnumerable<string>(path, (ref entry) => entry.ToFullPath(), _everything)
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && Layout.IsTemporaryName(entry.FileName) && entry.LastWriteTimeUtc < before,
        };

    /// <summary>
    /// Lists the directories that hold packs, sorted by name; some of the 256 may be missing in a copied repository.
    /// </summary>
    public static IEnumerable<string> PackFolders(string path) =>
        new FileSystemEnumerable<string>(path, (ref entry) => entry.FileName.ToString(), _everything)
        {
            ShouldIncludePredicate = (ref entry) => entry.IsDirectory && Layout.IsPackFolder(entry.FileName),
        };

    // A directory that may not be read must be an error, not an empty list: the default would ignore it.
    private static readonly EnumerationOptions _everything = new() { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.None };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFolder(string path, int flags);
}
