using System.IO.Enumeration;
using System.Runtime.InteropServices;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>What is done with a local folder as a whole.</summary>
internal static partial class Folder
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const int CloseOnExec = 0x80000;

    /// <summary>Makes a folder that only its owner may enter, as restic does; what exists is left alone.</summary>
    public static void Create(string path) => Directory.CreateDirectory(path, Private);

    /// <summary>What a folder that exists holds.</summary>
    public static PlaceState Look(string path) =>
        Layout.StateOf(new FileSystemEnumerable<string>(path, (ref entry) => entry.FileName.ToString(), _everything));

    /// <summary>Makes the names in a folder survive a power cut.</summary>
    public static void Flush(string path)
    {
        using var handle = Open(path, 0);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Opens a folder that we have just made; a link in its place is refused.</summary>
    public static SafeFileHandle Open(string path) => Open(path, OpenFlags.NoFollow);

    private static SafeFileHandle Open(string path, int more)
    {
        var descriptor = OpenFolder(path, CloseOnExec | OpenFlags.Folder | more);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error);
    }

    /// <summary>The stored files of one folder: temporary and foreign names are passed over.</summary>
    public static IEnumerable<StoredFile> Files(string path) =>
        new FileSystemEnumerable<StoredFile>(path, (ref entry) => new StoredFile(entry.FileName.ToString(), entry.Length, entry.LastWriteTimeUtc), _everything)
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && Layout.IsName(entry.FileName),
        };

    /// <summary>Files that were never finished, full paths: a name of ours or restic's with "-tmp-" and digits behind it, last written before a time.</summary>
    public static IEnumerable<string> Leftovers(string path, DateTimeOffset before) =>
        new FileSystemEnumerable<string>(path, (ref entry) => entry.ToFullPath(), _everything)
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && Layout.IsTemporaryName(entry.FileName) && entry.LastWriteTimeUtc < before,
        };

    /// <summary>The folders that hold packs, by name; some of the 256 may be missing in a copied repository.</summary>
    public static IEnumerable<string> PackFolders(string path) =>
        new FileSystemEnumerable<string>(path, (ref entry) => entry.FileName.ToString(), _everything)
        {
            ShouldIncludePredicate = (ref entry) => entry.IsDirectory && Layout.IsPackFolder(entry.FileName),
        };

    // A folder that may not be read must be an error, not an empty list: the default would ignore it.
    private static readonly EnumerationOptions _everything = new() { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.None };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFolder(string path, int flags);
}
