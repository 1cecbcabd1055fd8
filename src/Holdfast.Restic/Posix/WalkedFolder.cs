using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// The root directory of a walk, held by its descriptor: everything below it is opened relative to it, and no part of
/// the path may be a link. So replacing a directory with a link during the walk never causes a file outside of it to be
/// read. Source: openat2(2), RESOLVE_NO_SYMLINKS and RESOLVE_BENEATH.
/// </summary>
internal sealed unsafe partial class WalkedFolder : IDisposable
{
    private const int CloseOnExec = 0x80000, NoAccessTime = 0x40000, NonBlocking = 0x800, PathOnly = 0x200000;
    private const uint ReadByOthers = 4;
    private const long OpenAt2 = 437; // the same number on every architecture

    // NO_MAGICLINKS, NO_SYMLINKS and BENEATH. Source: linux/openat2.h.
    private const ulong StayInside = 0x02 | 0x04 | 0x08;

    // Linux before 5.6 does not have the call, and some sandboxes refuse it: then the path is resolved one directory at
    // a time.
    private static volatile bool _goesByFolder;

    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly uint? _owner;

    /// <summary>Opens the root directory of the walk; symbolic links in its path are followed.</summary>
    /// <param name="path">The path of the directory.</param>
    /// <param name="owner">
    /// The user who must own the directory and everything that is read below it; null for any. World-readable files of
    /// root are read as well.
    /// </param>
    /// <exception cref="PosixException">
    /// It does not exist, is not a directory, or belongs to another user (ELOOP).
    /// </exception>
    public WalkedFolder(string path, uint? owner = null)
    {
        (_path, _owner) = (path.TrimEnd('/'), owner);
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        var descriptor = Libc.open(ref native.GetPinnableReference(), OpenFlags.Folder | PathOnly | CloseOnExec, 0);
        _handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (descriptor < 0) throw PosixException.Last("open", path);
        Own(_handle, path);
    }

    /// <summary>Opens a regular file below for reading. Opening never blocks, as it would on a FIFO.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="status">The status of the opened file.</param>
    /// <exception cref="PosixException">
    /// It does not exist, may not be read, is not a regular file, or has a link in its path (ELOOP).
    /// </exception>
    public SafeFileHandle OpenRead(string path, out FileStatus status)
    {
        var file = Open(path, OpenFlags.NoFollow | NonBlocking | NoAccessTime);
        // O_NOATIME requires ownership.
        if (file.IsInvalid && Marshal.GetLastPInvokeError() == (int)Errno.EPERM) file = Open(path, OpenFlags.NoFollow | NonBlocking);
        return Own(FileCalls.Regular(file, path, out status), path);
    }

    /// <summary>Opens a directory below, or this one, for listing.</summary>
    /// <exception cref="PosixException">
    /// It does not exist, may not be listed, is not a directory, or has a link in its path (ELOOP).
    /// </exception>
    public SafeFileHandle OpenFolder(string path)
    {
        var folder = Open(path, OpenFlags.NoFollow | NonBlocking | OpenFlags.Folder);
        return folder.IsInvalid ? throw PosixException.Last("list", path) : Own(folder, path);
    }

    public void Dispose() => _handle.Dispose();

    private SafeFileHandle Own(SafeFileHandle opened, string path)
    {
        if (!IsForeign(opened, path)) return opened;
        opened.Dispose();
        throw PosixException.Refused(path, $"{path} belongs to another user than {_owner}, so it is not read");
    }

    private bool IsForeign(SafeFileHandle opened, string path)
    {
        if (_owner is not { } owner) return false;
        var status = FileStatus.Of(opened, path);
        var isForAll = status is { Uid: 0, IsRegular: true, Links: 1 } && (status.Mode & ReadByOthers) != 0;
        return status.Uid != owner && !isForAll;
    }

    private SafeFileHandle Open(string path, int flags)
    {
        var below = path.Length > _path.Length + 1 ? path[(_path.Length + 1)..] : ".";
        if (_goesByFolder) return OpenByFolder(below, flags | CloseOnExec);
        using var native = new NativePath(below, stackalloc byte[NativePath.StackSize]);
        var how = new How { Flags = (ulong)(flags | CloseOnExec), Resolve = StayInside };
        long descriptor;
        do
            descriptor = syscall(OpenAt2, _handle, ref native.GetPinnableReference(), &how, sizeof(How));
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        if (descriptor >= 0 || Marshal.GetLastPInvokeError() != (int)Errno.ENOSYS) return new SafeFileHandle((nint)descriptor, ownsHandle: true);
        _goesByFolder = true;
        return OpenByFolder(below, flags | CloseOnExec);
    }

    private SafeFileHandle OpenByFolder(string below, int flags)
    {
        var names = below.Split('/', StringSplitOptions.RemoveEmptyEntries);
        Span<byte> buffer = stackalloc byte[NativePath.StackSize];
        SafeFileHandle? folder = null;
        try
        {
            for (var i = 0; ; i++)
            {
                using var native = new NativePath(names[i], buffer);
                var isLast = i == names.Length - 1;
                var descriptor = openat(folder ?? _handle, ref native.GetPinnableReference(), isLast ? flags : OpenFlags.NoFollow | OpenFlags.Folder | PathOnly | CloseOnExec, 0);
                var next = new SafeFileHandle(descriptor, ownsHandle: true);
                if (isLast || descriptor < 0) return next;
                folder?.Dispose();
                folder = next;
            }
        }
        finally
        {
            folder?.Dispose();
        }
    }

    // struct open_how. Source: linux/openat2.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct How
    {
        public ulong Flags, Mode, Resolve;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, SafeFileHandle folder, ref byte path, How* how, nint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int openat(SafeFileHandle folder, ref byte path, int flags, uint mode);
}
