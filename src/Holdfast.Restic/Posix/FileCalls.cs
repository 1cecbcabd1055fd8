using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>Opens files by the bytes of their names. Handles are closed on exec.</summary>
internal static class FileCalls
{
    private const int WriteOnly = 1, Create = 0x40, Exclusive = 0x80, NonBlocking = 0x800, CloseOnExec = 0x80000, NoAccessTime = 0x40000;
    private const uint TypeMask = 0xF000, RegularFile = 0x8000;

    /// <summary>
    /// Opens a regular file for reading; a symbolic link is refused with ELOOP, any other non-regular file with EINVAL.
    /// Opening never blocks, as it would on a FIFO. The access time is left unchanged where permitted (O_NOATIME
    /// requires ownership).
    /// </summary>
    public static SafeFileHandle OpenRead(string path)
    {
        var file = Open(path, OpenFlags.NoFollow | NonBlocking | NoAccessTime, 0);
        if (file.IsInvalid && Marshal.GetLastPInvokeError() == (int)Errno.EPERM) file = Open(path, OpenFlags.NoFollow | NonBlocking, 0);
        return Regular(file, path, out _);
    }

    /// <summary>
    /// Returns the file just opened, if the call succeeded and it is a regular file; otherwise it is closed.
    /// </summary>
    /// <exception cref="PosixException">
    /// The reason why it could not be opened; EINVAL when it is not a regular file.
    /// </exception>
    public static SafeFileHandle Regular(SafeFileHandle file, string path, out FileStatus status)
    {
        if (file.IsInvalid) throw PosixException.Last("open", path);
        try
        {
            status = FileStatus.Of(file, path);
            if ((status.Mode & TypeMask) != RegularFile) throw new PosixException(Errno.EINVAL, "read as a regular file", path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Returns the offset of the next byte that is not in a hole; null when the rest of the file is a hole. Returns the
    /// given offset where the file system does not report holes. Source: lseek(2), SEEK_DATA.
    /// </summary>
    public static long? NextData(SafeFileHandle file, long offset)
    {
        const int seekData = 3;
        var next = Libc.lseek(file, offset, seekData);
        return next >= 0 ? next : Marshal.GetLastPInvokeError() == (int)Errno.ENXIO ? null : offset;
    }

    /// <summary>Returns the size in bytes of the hole at an offset, in a file that is read up to a size.</summary>
    public static long HoleAt(SafeFileHandle file, long offset, long size) => Math.Max(0, Math.Min(NextData(file, offset) ?? size, size) - offset);

    /// <summary>Creates a file with mode 0600 for writing; EEXIST when the path exists.</summary>
    public static SafeFileHandle CreateNew(string path)
    {
        var file = Open(path, WriteOnly | Create | Exclusive | OpenFlags.NoFollow, 0x180);
        return file.IsInvalid ? throw PosixException.Last("create", path) : file;
    }

    /// <summary>Opens a file that this process created, to continue writing.</summary>
    public static SafeFileHandle OpenWrite(string path)
    {
        var file = Open(path, WriteOnly | OpenFlags.NoFollow, 0);
        return file.IsInvalid ? throw PosixException.Last("open", path) : file;
    }

    /// <summary>Writes all bytes at an offset; the path is only for the message.</summary>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset, string path)
    {
        while (!bytes.IsEmpty)
        {
            var written = Libc.pwrite64(file, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, offset);
            if (written < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR) continue;
            PosixException.ThrowIfNegative(written, "write", path);
            bytes = bytes[(int)written..];
            offset += written;
        }
    }

    /// <summary>Sets the size; added bytes read as zeros and use no disk space.</summary>
    public static void SetSize(SafeFileHandle file, long size, string path) =>
        PosixException.ThrowIfNegative(Libc.ftruncate(file, size), "set the size of", path);

    /// <summary>Flushes a directory to disk, so that its entries survive a power failure.</summary>
    public static void SyncFolder(string path)
    {
        using var folder = Open(path, OpenFlags.Folder, 0);
        if (folder.IsInvalid) throw PosixException.Last("open", path);
        PosixException.ThrowIfNegative(Libc.fsync(folder), "sync", path);
    }

    public static void Sync(SafeFileHandle file, string path) => PosixException.ThrowIfNegative(Libc.fsync(file), "sync", path);

    private static SafeFileHandle Open(string path, int flags, uint mode)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        int descriptor;
        do
            descriptor = Libc.open(ref native.GetPinnableReference(), flags | CloseOnExec, mode);
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }
}
