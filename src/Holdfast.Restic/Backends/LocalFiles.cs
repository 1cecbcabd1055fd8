using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>Operations on files of a local repository besides storing them.</summary>
internal static partial class LocalFiles
{
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800, DontNeed = 4;
    private const int NoEntry = 2, AccessDenied = 13, Link = 40;

    /// <summary>
    /// Opens a file for reading. Anything but a regular file (such as a FIFO, which would block forever) is reported as
    /// damage.
    /// </summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="mayBeLink">
    /// Whether it may be a symbolic link: false where another user could have created it.
    /// </param>
    public static SafeFileHandle OpenRead(string path, bool mayBeLink)
    {
        var descriptor = Open(path, CloseOnExec | NonBlocking | (mayBeLink ? 0 : OpenFlags.NoFollow));
        if (descriptor < 0) throw Explain(path, Marshal.GetLastPInvokeError());
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if ((FileStatus.Of(handle, path).Mode & 0xF000) == 0x8000) return handle;
        handle.Dispose();
        throw new ResticException(ResticError.Damaged, $"{path} is no file.");
    }

    /// <summary>
    /// Drops a file's pages from the page cache, so that it is read from the disk. Dirty pages stay, so that nothing is
    /// lost.
    /// </summary>
    public static void Forget(SafeFileHandle file)
    {
        _ = Advise(file, 0, 0, DontNeed); // a file system without a page cache has nothing to drop
    }

    /// <summary>Returns the time that the file system stamps a new file with.</summary>
    public static DateTimeOffset Now(string folder)
    {
        var probe = Path.Combine(folder, $"clock-tmp-{RandomNumberGenerator.GetHexString(10, lowercase: true)}");
        try
        {
            using var file = new FileStream(probe, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead });
            file.Write([0]); // some file systems set the time when a file is written, not when it is created
            return new DateTimeOffset(File.GetLastWriteTimeUtc(file.SafeFileHandle));
        }
        finally
        {
            File.Delete(probe);
        }
    }

    private static Exception Explain(string path, int error) => error switch
    {
        NoEntry => new FileNotFoundException($"'{path}' is not there.", path),
        AccessDenied => new UnauthorizedAccessException($"'{path}' may not be read."),
        Link => new IOException("It is a symbolic link, which another user than root can have made, so it was not followed.", error),
        _ => new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error),
    };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
