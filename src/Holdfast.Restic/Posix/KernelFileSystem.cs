using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// Distinguishes the kernel's own file systems from those that store files. Their files are generated when they are
/// read: they cannot be restored, may never end, and reading them may have side effects. Source: linux/magic.h;
/// statfs(2).
/// </summary>
internal static unsafe partial class KernelFileSystem
{
    private const int PathOnly = 0x200000, CloseOnExec = 0x80000;

    private static readonly Dictionary<uint, string> _names = new()
    {
        [0x9FA0] = "proc", [0x62656572] = "sysfs", [0x1CD1] = "devpts", [0x27E0EB] = "cgroup", [0x63677270] = "cgroup2", [0x64626720] = "debugfs",
        [0x74726163] = "tracefs", [0x73636673] = "securityfs", [0xCAFE4A11] = "bpf", [0x6165676C] = "pstore", [0xDE5E81E4] = "efivarfs",
        [0x62656570] = "configfs", [0xF97CFF8C] = "selinuxfs", [0x43415D53] = "smackfs", [0x42494E4D] = "binfmt_misc", [0x19800202] = "mqueue",
        [0x958458F6] = "hugetlbfs", [0x6E736673] = "nsfs", [0x65735543] = "fusectl", [0x67596969] = "rpc_pipefs", [0x6E667364] = "nfsd",
        [0x07655821] = "resctrl", [0xABBA1974] = "xenfs", [0x454D444D] = "devmem", [0x50495045] = "pipefs", [0x534F434B] = "sockfs",
        [0x5A3C69F0] = "apparmorfs",
    };

    // It has the magic number of tmpfs, which stores regular files, so it is recognized by its device. There is one for
    // the whole kernel.
    private static readonly Lazy<HashSet<ulong>> _deviceNodes = new(ReadDeviceNodes);

    /// <summary>
    /// Returns the name of the kernel's file system that contains an open file or directory; null for any other file
    /// system.
    /// </summary>
    public static string? NameOf(SafeFileHandle opened, string path)
    {
        // struct statfs of 64-bit Linux is 120 bytes and begins with f_type.
        var status = stackalloc byte[256];
        if (fstatfs(opened, status) != 0) throw PosixException.Last("look at the file system of", path);
        if (_names.TryGetValue((uint)*(long*)status, out var name)) return name;
        return _deviceNodes.Value.Count > 0 && _deviceNodes.Value.Contains(FileStatus.Of(opened, path).Device) ? "devtmpfs" : null;
    }

    /// <summary>
    /// Returns the same for the entry at a path, which is not opened for reading; links are not followed. Null when the
    /// path does not exist.
    /// </summary>
    public static string? NameOf(string path)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        using var opened = new SafeFileHandle(Libc.open(ref native.GetPinnableReference(), PathOnly | OpenFlags.NoFollow | CloseOnExec, 0), ownsHandle: true);
        return opened.IsInvalid ? null : NameOf(opened, path);
    }

    private static HashSet<ulong> ReadDeviceNodes()
    {
        var devices = new HashSet<ulong>();
        foreach (var line in ReadMounts())
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw. Source: proc(5).
            var (fields, end) = (line.Split(' '), line.IndexOf(" - ", StringComparison.Ordinal));
            if (end < 0 || fields.Length < 3 || !line.AsSpan(end + 3).StartsWith("devtmpfs ") || fields[2].Split(':') is not [var major, var minor]) continue;
            devices.Add(FileStatus.MakeDevice(ulong.Parse(major, CultureInfo.InvariantCulture), ulong.Parse(minor, CultureInfo.InvariantCulture)));
        }
        return devices;
    }

    private static string[] ReadMounts()
    {
        try
        {
            return File.ReadAllLines("/proc/self/mountinfo");
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return []; // without /proc no relevant file system is mounted
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatfs(SafeFileHandle opened, byte* status);
}
