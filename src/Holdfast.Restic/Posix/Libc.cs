using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>The functions of glibc that .NET does not offer for paths as bytes. Paths are zero-terminated.</summary>
internal static unsafe partial class Libc
{
    private const string Name = "libc";

    /// <summary>AT_FDCWD: paths are relative to the working directory.</summary>
    public const int CurrentFolder = -100;

    /// <summary>AT_SYMLINK_NOFOLLOW.</summary>
    public const int NoFollow = 0x100;

    /// <summary>AT_EMPTY_PATH: the call applies to the descriptor itself.</summary>
    public const int EmptyPath = 0x1000;

    [LibraryImport(Name, SetLastError = true)]
    public static partial int statx(int folder, ref byte path, int flags, uint mask, void* status);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int statx(SafeFileHandle file, ref byte path, int flags, uint mask, void* status);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint opendir(ref byte path);

    [LibraryImport(Name, SetLastError = true)]
    public static partial byte* readdir64(nint folder);

    [LibraryImport(Name)]
    public static partial int closedir(nint folder);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int open(ref byte path, int flags, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int openat(SafeFileHandle folder, ref byte name, int flags, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint syscall(nint number, SafeFileHandle folder, ref byte path, void* argument, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint pwrite64(SafeFileHandle file, ref byte bytes, nuint count, long offset);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fcntl(SafeFileHandle file, int command, int argument);

    [LibraryImport(Name)]
    public static partial int madvise(void* start, nuint length, int advice);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fsync(SafeFileHandle file);

    [LibraryImport(Name, SetLastError = true)]
    public static partial long lseek(SafeFileHandle file, long offset, int whence);

    /// <summary>Flushes a whole file system to its disk.</summary>
    [LibraryImport(Name, SetLastError = true)]
    public static partial int syncfs(SafeFileHandle file);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint readlinkat(SafeFileHandle folder, ref byte name, ref byte target, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int symlinkat(ref byte target, SafeFileHandle folder, ref byte name);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int linkat(SafeFileHandle fromFolder, ref byte existing, SafeFileHandle folder, ref byte name, int flags);

    /// <summary>mknodat(3), which glibc exports only since 2.33; version is 0.</summary>
    [LibraryImport(Name, SetLastError = true)]
    public static partial int __xmknodat(int version, SafeFileHandle folder, ref byte name, uint mode, ref ulong device);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int mkdirat(SafeFileHandle folder, ref byte name, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int renameat2(SafeFileHandle fromFolder, ref byte from, SafeFileHandle toFolder, ref byte to, uint flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int unlinkat(SafeFileHandle folder, ref byte name, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fchownat(SafeFileHandle folder, ref byte name, uint uid, uint gid, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint readlink(ref byte path, ref byte target, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int symlink(ref byte target, ref byte path);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int link(ref byte existing, ref byte path);

    /// <summary>mknod(3), as <see cref="__xmknodat"/>.</summary>
    [LibraryImport(Name, SetLastError = true)]
    public static partial int __xmknod(int version, ref byte path, uint mode, ref ulong device);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int mkdir(ref byte path, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int rename(ref byte from, ref byte to);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int renameat2(int fromFolder, ref byte from, int toFolder, ref byte to, uint flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int unlink(ref byte path);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int rmdir(ref byte path);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int lchown(ref byte path, uint uid, uint gid);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fchmodat(int folder, ref byte path, uint mode, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fchmod(SafeFileHandle file, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int utimensat(int folder, ref byte path, TimeSpec* times, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int futimens(SafeFileHandle file, TimeSpec* times);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int ftruncate(SafeFileHandle file, long size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint llistxattr(ref byte path, ref byte names, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint lgetxattr(ref byte path, ref byte name, ref byte value, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int lsetxattr(ref byte path, ref byte name, ref byte value, nuint size, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int lremovexattr(ref byte path, ref byte name);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint flistxattr(SafeFileHandle file, ref byte names, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint fgetxattr(SafeFileHandle file, ref byte name, ref byte value, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fsetxattr(SafeFileHandle file, ref byte name, ref byte value, nuint size, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fremovexattr(SafeFileHandle file, ref byte name);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint listxattr(ref byte path, ref byte names, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint getxattr(ref byte path, ref byte name, ref byte value, nuint size);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int setxattr(ref byte path, ref byte name, ref byte value, nuint size, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int removexattr(ref byte path, ref byte name);

    [LibraryImport(Name)]
    public static partial int getpwnam_r(ref byte name, byte** entry, byte* buffer, nuint size, byte*** result);

    [LibraryImport(Name)]
    public static partial int getgrnam_r(ref byte name, byte** entry, byte* buffer, nuint size, byte*** result);

    [LibraryImport(Name)]
    public static partial int getpwuid_r(uint uid, byte** entry, byte* buffer, nuint size, byte*** result);

    [LibraryImport(Name)]
    public static partial int getgrgid_r(uint gid, byte** entry, byte* buffer, nuint size, byte*** result);

    [LibraryImport(Name)]
    public static partial int getgrouplist(ref byte user, uint group, uint* groups, int* count);

    [LibraryImport(Name)]
    public static partial uint geteuid();

    [LibraryImport(Name)]
    public static partial uint getegid();

    /// <summary>struct timespec of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
