namespace Holdfast.Restic.Snapshots;

/// <summary>The type of a node of a tree.</summary>
public enum NodeType
{
    File,
    Directory,
    Symlink,
    Device,
    CharDevice,
    Fifo,
    Socket,

    /// <summary>A type that this library does not support; it is kept and listed, never restored.</summary>
    Unknown,
}

/// <summary>An extended attribute: its full name ("user.comment", "security.selinux") and its bytes.</summary>
public sealed record ExtendedAttribute(string Name, ReadOnlyMemory<byte> Value);

/// <summary>
/// One entry of a directory. Names and link targets that are not UTF-8 contain each stray byte 0x80..0xFF as the lone
/// surrogate U+DC80..U+DCFF (as Python's "surrogateescape" does), so that no byte is lost. Source: restic 0.14,
/// internal/restic/node.go.
/// </summary>
public sealed record Node
{
    public required string Name { get; init; }
    public required NodeType Type { get; init; }

    /// <summary>
    /// True when the name is valid in a directory. A repository written by another program must not cause writes
    /// outside a target.
    /// </summary>
    public bool HasSafeName => Name is not ("" or "." or "..") && !Name.AsSpan().ContainsAny('/', '\0');

    /// <summary>The type as written, when <see cref="Type"/> is Unknown.</summary>
    public string? TypeName { get; init; }

    /// <summary>Go's FileMode: permission bits below 0o1000, then <see cref="GoMode"/>.</summary>
    public uint Mode { get; init; }

    public Timestamp ModifyTime { get; init; }
    public Timestamp AccessTime { get; init; }
    public Timestamp ChangeTime { get; init; }
    public uint Uid { get; init; }
    public uint Gid { get; init; }
    public string User { get; init; } = "";
    public string Group { get; init; } = "";
    public ulong Inode { get; init; }
    public ulong DeviceId { get; init; }

    /// <summary>Size in bytes, of files only.</summary>
    public ulong Size { get; init; }

    /// <summary>Number of hard links.</summary>
    public ulong Links { get; init; }

    public string LinkTarget { get; init; } = "";
    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes { get; init; } = [];

    /// <summary>Device number (st_rdev) of a device node.</summary>
    public ulong Device { get; init; }

    /// <summary>The data blobs of a file, in order; null for everything else.</summary>
    public IReadOnlyList<Id>? Content { get; init; }

    /// <summary>The tree blob of a directory.</summary>
    public Id? Subtree { get; init; }

    /// <summary>The error that occurred when the node was read, in restic's words.</summary>
    public string Error { get; init; } = "";
}

/// <summary>The bits of Go's FileMode that are not permissions. Source: Go, io/fs, FileMode.</summary>
public static class GoMode
{
    public const uint Directory = 1u << 31;
    public const uint Symlink = 1u << 27;
    public const uint Device = 1u << 26;
    public const uint Fifo = 1u << 25;
    public const uint Socket = 1u << 24;
    public const uint SetUid = 1u << 23;
    public const uint SetGid = 1u << 22;
    public const uint CharDevice = 1u << 21;
    public const uint Sticky = 1u << 20;
    public const uint Permissions = 0x1FF;
}
