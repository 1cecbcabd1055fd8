using System.Runtime.InteropServices;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// Queries mounted file systems. The struct is glibc's of 64-bit machines, source: bits/types/struct_statvfs.h.
/// </summary>
internal static partial class LibC
{
    private const ulong MountedReadOnly = 1; // ST_RDONLY

    public static FileSystemSpace StatFileSystem(string path)
    {
        if (statvfs(path, out var found) != 0) throw Failure(path);
        var unit = found.FragmentSize;
        return new FileSystemSpace(
            checked((long)(found.Blocks * unit)), checked((long)(found.AvailableBlocks * unit)), (long)found.Entries, (long)found.AvailableEntries, (found.Flags & MountedReadOnly) != 0);
    }

    [StructLayout(LayoutKind.Sequential, Size = 112)]
    private struct StatVfs
    {
        public ulong BlockSize, FragmentSize, Blocks, FreeBlocks, AvailableBlocks, Entries, FreeEntries, AvailableEntries, Identity, Flags, LongestName;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statvfs(string path, out StatVfs found);
}
