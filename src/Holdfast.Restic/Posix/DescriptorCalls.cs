using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>Opens entries of open directories. No symbolic link is followed, and handles are closed on exec.</summary>
internal static unsafe class DescriptorCalls
{
    private const int WriteOnly = 1, Creating = 0x40, Exclusive = 0x80, NonBlocking = 0x800;
    private const int NoAccessTime = 0x40000, CloseOnExec = 0x80000, PlaceOnly = 0x200000;
    private const uint PrivateFile = 0x180; // 0600
    private const int LongestPath = 4000; // bytes; below PATH_MAX

    // Source: linux/openat2.h; the number is the same on every architecture.
    private const int OpenAt2 = 437;
    private const ulong NoSymlinks = 4;

    private static volatile bool _hasOpenAt2 = true;

    private struct OpenHow
    {
        public ulong Flags, Mode, Resolve;
    }

    public static SafeFileHandle OpenRoot()
    {
        using var native = new NativePath("/", stackalloc byte[NativePath.StackSize]);
        var descriptor = Libc.open(ref native.GetPinnableReference(), OpenFlags.Folder | CloseOnExec, 0);
        return descriptor < 0 ? throw PosixException.Last("open", "/") : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Opens a directory; one that has search but no read permission is opened with O_PATH.</summary>
    public static SafeFileHandle OpenFolder(SafeFileHandle parent, string name, string path)
    {
        var folder = TryOpen(parent, name, OpenFlags.Folder | OpenFlags.NoFollow);
        if (folder.IsInvalid && Failed(Errno.EACCES)) folder = TryOpen(parent, name, OpenFlags.Folder | OpenFlags.NoFollow | PlaceOnly);
        return Checked(folder, "open the folder", path);
    }

    /// <summary>Opens a directory several levels below, in as few calls as the kernel allows.</summary>
    public static SafeFileHandle OpenBelow(SafeFileHandle parent, IReadOnlyList<string> names, string path)
    {
        var at = parent;
        for (var start = 0; start < names.Count;)
        {
            var end = _hasOpenAt2 ? EndOfPart(names, start) : start + 1;
            var part = string.Join('/', names.Skip(start).Take(end - start));
            try
            {
                var next = end - start > 1 ? TryOpenPath(at, part) : OpenFolder(at, part, path);
                if (next is null) continue; // the kernel has no such call: continue name by name
                if (!ReferenceEquals(at, parent)) at.Dispose();
                at = Checked(next, "open the folder", path);
            }
            catch
            {
                if (!ReferenceEquals(at, parent)) at.Dispose();
                throw;
            }
            start = end;
        }
        return at;
    }

    /// <summary>
    /// Opens an entry with O_PATH to read its status and to set its metadata: a symbolic link itself, a device without
    /// using it.
    /// </summary>
    public static SafeFileHandle OpenPlace(SafeFileHandle parent, string name, string path) =>
        Checked(TryOpen(parent, name, PlaceOnly | OpenFlags.NoFollow), "open", path);

    /// <summary>
    /// Opens a regular file. The access time is left unchanged where permitted (O_NOATIME requires ownership).
    /// </summary>
    public static SafeFileHandle OpenRead(SafeFileHandle parent, string name, string path)
    {
        var file = TryOpen(parent, name, OpenFlags.NoFollow | NonBlocking | NoAccessTime);
        if (file.IsInvalid && Failed(Errno.EPERM)) file = TryOpen(parent, name, OpenFlags.NoFollow | NonBlocking);
        return Regular(Checked(file, "open", path), path);
    }

    public static SafeFileHandle OpenWrite(SafeFileHandle parent, string name, string path) =>
        Regular(Checked(TryOpen(parent, name, WriteOnly | OpenFlags.NoFollow | NonBlocking), "open", path), path);

    public static SafeFileHandle Create(SafeFileHandle parent, string name, string path) =>
        Checked(TryOpen(parent, name, WriteOnly | Creating | Exclusive | OpenFlags.NoFollow, PrivateFile), "create", path);

    public static SafeFileHandle OpenToList(SafeFileHandle folder, string path) => Checked(TryOpen(folder, ".", OpenFlags.Folder), "open", path);

    private static SafeFileHandle Regular(SafeFileHandle file, string path)
    {
        if (FileStatus.Of(file, path).IsRegular) return file;
        file.Dispose();
        throw PosixException.Refused(path, $"{path} is no regular file any more");
    }

    private static int EndOfPart(IReadOnlyList<string> names, int start)
    {
        var end = start;
        for (var length = 0; end < names.Count && (end == start || length + FileName.MaxByteCount(names[end].Length) < LongestPath); end++)
            length += FileName.MaxByteCount(names[end].Length) + 1;
        return end;
    }

    // Null when the kernel does not have the call, or a sandbox does not permit it.
    private static SafeFileHandle? TryOpenPath(SafeFileHandle parent, string names)
    {
        using var native = new NativePath(names, stackalloc byte[NativePath.StackSize]);
        var how = new OpenHow { Flags = (ulong)(OpenFlags.Folder | OpenFlags.NoFollow | CloseOnExec), Resolve = NoSymlinks };
        nint descriptor;
        do
            descriptor = Libc.syscall(OpenAt2, parent, ref native.GetPinnableReference(), &how, (nuint)sizeof(OpenHow));
        while (descriptor < 0 && (Failed(Errno.EINTR) || Failed(Errno.EAGAIN)));
        if (descriptor >= 0 || !(Failed(Errno.ENOSYS) || Failed(Errno.EPERM) || Failed(Errno.EACCES))) return new SafeFileHandle(descriptor, ownsHandle: true);
        _hasOpenAt2 = false;
        return null;
    }

    private static SafeFileHandle TryOpen(SafeFileHandle parent, string name, int flags, uint mode = 0)
    {
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        int descriptor;
        do
            descriptor = Libc.openat(parent, ref native.GetPinnableReference(), flags | CloseOnExec, mode);
        while (descriptor < 0 && Failed(Errno.EINTR));
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static bool Failed(Errno errno) => Marshal.GetLastPInvokeError() == (int)errno;

    private static SafeFileHandle Checked(SafeFileHandle file, string verb, string path) =>
        file.IsInvalid ? throw PosixException.Last(verb, path) : file;
}
