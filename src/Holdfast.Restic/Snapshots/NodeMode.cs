using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// Converts modes between st_mode of Linux and the FileMode of Go, which nodes have. Source: Go, os,
/// "fillFileStatFromSys".
/// </summary>
internal static class NodeMode
{
    extension(FileStatus status)
    {
        /// <summary>Returns the type of the node for a file.</summary>
        public NodeType Type => (status.Mode & TypeMask) switch
        {
            Regular => NodeType.File,
            Folder => NodeType.Directory,
            Symlink => NodeType.Symlink,
            Block => NodeType.Device,
            Character => NodeType.CharDevice,
            Fifo => NodeType.Fifo,
            Socket => NodeType.Socket,
            _ => NodeType.Unknown,
        };
    }

    public const uint Block = 0x6000, Character = 0x2000, Fifo = 0x1000;

    private const uint TypeMask = 0xF000, Regular = 0x8000, Folder = 0x4000, Symlink = 0xA000, Socket = 0xC000;

    private const uint SetUid = 0x800, SetGid = 0x400, Sticky = 0x200;

    /// <summary>Returns Go's FileMode for a st_mode.</summary>
    public static uint ToGo(uint mode) =>
        (mode & GoMode.Permissions) | TypeBits(mode)
        | Bit(mode, SetUid, GoMode.SetUid) | Bit(mode, SetGid, GoMode.SetGid) | Bit(mode, Sticky, GoMode.Sticky);

    /// <summary>Returns the twelve permission bits of st_mode for Go's FileMode.</summary>
    public static uint ToPermissions(uint goMode) =>
        (goMode & GoMode.Permissions)
        | Bit(goMode, GoMode.SetUid, SetUid) | Bit(goMode, GoMode.SetGid, SetGid) | Bit(goMode, GoMode.Sticky, Sticky);

    private static uint TypeBits(uint mode) => (mode & TypeMask) switch
    {
        Folder => GoMode.Directory,
        Symlink => GoMode.Symlink,
        Block => GoMode.Device,
        Character => GoMode.Device | GoMode.CharDevice,
        Fifo => GoMode.Fifo,
        Socket => GoMode.Socket,
        _ => 0,
    };

    private static uint Bit(uint mode, uint from, uint to) => (mode & from) != 0 ? to : 0;
}
