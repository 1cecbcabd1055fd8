using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>
/// The flags of open(2) whose values differ between the architectures of Linux: arm64 has those of 32-bit Arm, all
/// others those of asm-generic. Source: arch/arm64/include/uapi/asm/fcntl.h; include/uapi/asm-generic/fcntl.h.
/// </summary>
public static class OpenFlags
{
    private static readonly bool _arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>O_DIRECTORY: fails with ENOTDIR unless the path is a directory.</summary>
    public static int Folder => _arm ? 0x4000 : 0x10000;

    /// <summary>O_NOFOLLOW: fails with ELOOP if the last name is a symbolic link.</summary>
    public static int NoFollow => _arm ? 0x8000 : 0x20000;

    /// <summary>O_DIRECT: bypasses the page cache.</summary>
    public static int Direct => _arm ? 0x10000 : 0x4000;
}
