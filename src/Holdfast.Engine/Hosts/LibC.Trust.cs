using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// Finds out which users can change a path, and limits what this process exposes. Numbers are Linux's, source:
/// linux/stat.h, linux/prctl.h and asm-generic/resource.h.
/// </summary>
internal static partial class LibC
{
    private const int CurrentFolder = -100, NoFollowLinks = 0x100, BasicStatus = 0x7FF, NoEntry = 2, NoFolder = 20;
    private const int PathOnly = 0x200000;
    private const uint NoReplace = 1;
    private const int SetDumpable = 4, CoreSize = 4;

    /// <summary>The user that this process acts as; 0 is root.</summary>
    public static uint EffectiveUser => geteuid();

    /// <summary>
    /// The owner and st_mode of a path, without following a symbolic link; null when it does not exist.
    /// </summary>
    /// <exception cref="IOException">The path cannot be accessed.</exception>
    public static unsafe (uint User, int Mode)? StatusOf(string path)
    {
        // struct statx: stx_uid at 20, stx_mode at 28.
        var status = stackalloc byte[256];
        if (statx(CurrentFolder, path, NoFollowLinks, BasicStatus, status) != 0)
            return Marshal.GetLastPInvokeError() is NoEntry or NoFolder ? null : throw Failure(path);
        var fields = new ReadOnlySpan<byte>(status, 256);
        return (BinaryPrimitives.ReadUInt32LittleEndian(fields[20..]), BinaryPrimitives.ReadUInt16LittleEndian(fields[28..]));
    }

    /// <summary>
    /// Creates files for their owner alone from now on, and keeps the memory of this process out of core files and from
    /// other processes of the user.
    /// </summary>
    public static void KeepPrivate()
    {
        _ = umask(0x3F); // 077
        var none = default(ResourceLimit);
        if (getrlimit(CoreSize, ref none) == 0)
        {
            none.Current = 0;
            _ = setrlimit(CoreSize, ref none); // the soft limit only: a server that a run starts may raise its own
        }
        _ = prctl(SetDumpable, 0, 0, 0, 0); // core_pattern may be a pipe, which the limit does not stop
    }

    /// <summary>Renames an entry within its folder, unless the new name is taken. The folder is reached without following a symbolic link.</summary>
    /// <exception cref="IOException">The folder cannot be reached without such a link, or the entry cannot be
    /// renamed.</exception>
    public static void RenameWithin(string folder, string name, string newName)
    {
        using var opened = OpenFolder(folder);
        if (renameat2(opened, name, opened, newName, NoReplace) != 0) throw Failure(Path.Combine(folder, name));
    }

    private static SafeFileHandle OpenFolder(string path)
    {
        var flags = PathOnly | CloseOnExec | OpenFlags.Folder | OpenFlags.NoFollow;
        var reached = Open("/", flags);
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var above = reached;
            var descriptor = openat(above, part, flags, 0);
            reached = descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(path);
        }
        return reached;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Current, Maximum;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(SafeFileHandle folder, string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(SafeFileHandle folder, string name, SafeFileHandle newFolder, string newName, uint flags);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial uint umask(uint mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, ref ResourceLimit limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, ref ResourceLimit limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint second, nuint third, nuint fourth, nuint fifth);
}
