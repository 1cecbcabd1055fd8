using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>Identifies a file, directory or other entry by device and inode number.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode);

/// <summary>The status of a file, without following symbolic links. Times have no zone.</summary>
internal readonly record struct FileStatus
{
    /// <summary>st_mode: S_IFMT and the twelve permission bits.</summary>
    public uint Mode { get; init; }
    public uint Uid { get; init; }
    public uint Gid { get; init; }
    public ulong Size { get; init; }
    public ulong Inode { get; init; }

    /// <summary>st_dev, computed as in glibc from major and minor number.</summary>
    public ulong Device { get; init; }

    /// <summary>st_rdev of a device node.</summary>
    public ulong TargetDevice { get; init; }
    public ulong Links { get; init; }

    /// <summary>Allocated blocks of 512 bytes.</summary>
    public ulong Blocks { get; init; }
    public Timestamp ModifyTime { get; init; }
    public Timestamp AccessTime { get; init; }
    public Timestamp ChangeTime { get; init; }

    public bool IsRegular => (Mode & 0xF000) == 0x8000;

    public bool IsFolder => (Mode & 0xF000) == 0x4000;

    public bool IsSymlink => (Mode & 0xF000) == 0xA000;

    /// <summary>The identity of the file, valid while it is open or has a name.</summary>
    public FileIdentity Identity => new(Device, Inode);

    /// <summary>Returns the status of the entry at a path; a symbolic link is not followed.</summary>
    /// <exception cref="PosixException">The path does not exist (ENOENT, ENOTDIR), or cannot be reached.</exception>
    public static FileStatus Of(string path) => TryOf(path, out var status) ? status : throw PosixException.Last("stat", path);

    /// <summary>As <see cref="Of(string)"/>, but returns false when the path does not exist.</summary>
    public static bool TryFind(string path, out FileStatus status)
    {
        if (TryOf(path, out status)) return true;
        return (Errno)Marshal.GetLastPInvokeError() is Errno.ENOENT or Errno.ENOTDIR ? false : throw PosixException.Last("stat", path);
    }

    /// <summary>Returns the status of an open file; the path is only for the message.</summary>
    public static unsafe FileStatus Of(SafeFileHandle file, string path)
    {
        Raw raw;
        byte empty = 0;
        PosixException.ThrowIfNegative(Libc.statx(file, ref empty, Libc.EmptyPath, BasicStats, &raw), "stat", path);
        return From(raw);
    }

    /// <summary>
    /// Returns the status of an entry of an open directory; false when it does not exist. A symbolic link is not
    /// followed; the path is only for the message.
    /// </summary>
    public static unsafe bool TryFind(SafeFileHandle folder, string name, string path, out FileStatus status)
    {
        Raw raw;
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        var found = Libc.statx(folder, ref native.GetPinnableReference(), Libc.NoFollow, BasicStats, &raw) == 0;
        status = found ? From(raw) : default;
        if (found) return true;
        return (Errno)Marshal.GetLastPInvokeError() is Errno.ENOENT ? false : throw PosixException.Last("stat", $"{path}/{name}");
    }

    private static unsafe bool TryOf(string path, out FileStatus status)
    {
        Raw raw;
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        var found = Libc.statx(Libc.CurrentFolder, ref native.GetPinnableReference(), Libc.NoFollow, BasicStats, &raw) == 0;
        status = found ? From(raw) : default;
        return found;
    }

    private const uint BasicStats = 0x7FF; // STATX_BASIC_STATS

    private static FileStatus From(in Raw raw) => new()
    {
        Mode = raw.Mode,
        Uid = raw.Uid,
        Gid = raw.Gid,
        Size = raw.Size,
        Inode = raw.Inode,
        Device = MakeDevice(raw.DeviceMajor, raw.DeviceMinor),
        TargetDevice = MakeDevice(raw.TargetMajor, raw.TargetMinor),
        Links = raw.Links,
        Blocks = raw.Blocks,
        ModifyTime = raw.ModifyTime.ToTimestamp(),
        AccessTime = raw.AccessTime.ToTimestamp(),
        ChangeTime = raw.ChangeTime.ToTimestamp(),
    };

    /// <summary>Computes a device number from its parts, as glibc's gnu_dev_makedev.</summary>
    public static ulong MakeDevice(ulong major, ulong minor) =>
        (minor & 0xFF) | ((major & 0xFFF) << 8) | ((minor & ~0xFFUL) << 12) | ((major & ~0xFFFUL) << 32);

    // struct statx is the same on every architecture. Source: linux/stat.h.
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct Raw
    {
        public uint Mask, BlockSize;
        public ulong Attributes;
        public uint Links, Uid, Gid;
        public ushort Mode, Spare;
        public ulong Inode, Size, Blocks, AttributesMask;
        public RawTime AccessTime, BirthTime, ChangeTime, ModifyTime;
        public uint TargetMajor, TargetMinor, DeviceMajor, DeviceMinor;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct RawTime
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;

        public readonly Timestamp ToTimestamp() => new(Seconds, (int)Nanoseconds, 0);
    }
}
