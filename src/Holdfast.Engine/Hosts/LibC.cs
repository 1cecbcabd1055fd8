using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// Functions that .NET lacks: locks that end with their process, and durable names. Numbers are Linux's, source:
/// asm-generic/fcntl.h and sys/file.h.
/// </summary>
internal static partial class LibC
{
    private const int ReadWrite = 2, Create = 0x40, CloseOnExec = 0x80000;
    private const int LockExclusive = 2, LockNonBlocking = 4, Unlock = 8, WouldBlock = 11;

    /// <summary>Opens a file for reading and writing, and creates it with mode 0600 if it does not exist.</summary>
    public static SafeFileHandle OpenOrCreate(string path) => Open(path, ReadWrite | Create | CloseOnExec);

    /// <summary>
    /// Takes the exclusive lock of an opened file, or returns false at once when another process holds it. The lock
    /// ends with the handle or the process.
    /// </summary>
    public static bool TryLock(SafeFileHandle file)
    {
        if (flock(file, LockExclusive | LockNonBlocking) == 0) return true;
        return Marshal.GetLastPInvokeError() == WouldBlock ? false : throw Failure("flock");
    }

    /// <summary>
    /// Releases the lock. Closing the file is not enough while a child process is being started: until its exec the
    /// child shares the opened file.
    /// </summary>
    public static void Release(SafeFileHandle file)
    {
        if (flock(file, Unlock) != 0) throw Failure("flock");
    }

    /// <summary>Makes the names in a directory survive a power cut.</summary>
    public static void SyncDirectory(string path)
    {
        using var directory = Open(path, OpenFlags.Folder | CloseOnExec);
        if (fsync(directory) != 0) throw Failure(path);
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        const int OwnerOnly = 0x180; // 0600
        var descriptor = open(path, flags, OwnerOnly);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(path);
    }

    private static IOException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);
}
