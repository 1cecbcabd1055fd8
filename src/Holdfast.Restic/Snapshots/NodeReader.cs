using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// Reads local files' metadata into nodes with exactly the fields that restic 0.14 stores; content and subtree are set
/// by the archiver. Source: restic 0.14, internal/restic/node.go, "NodeFromFileInfo".
/// </summary>
/// <param name="zone">The zone whose offset the times are written with.</param>
/// <param name="keepAccessTime">
/// False, as is restic's default, to store the modification time as the access time, so that reading a file changes no
/// tree.
/// </param>
/// <param name="onUnreadable">
/// Called for each attribute that could not be read and is left out, with the path and the reason.
/// </param>
internal sealed class NodeReader(TimeZoneInfo zone, bool keepAccessTime = false, Action<string, PosixException>? onUnreadable = null)
{
    /// <summary>Returns the node of the entry at a path, from its status.</summary>
    /// <exception cref="PosixException">The entry does not exist any more, or cannot be read.</exception>
    public Node Read(string path, string name, in FileStatus status)
    {
        var type = status.Type;
        var modified = status.ModifyTime.In(zone);
        var hasLinks = type is NodeType.File or NodeType.Symlink or NodeType.Device or NodeType.CharDevice;
        return new Node
        {
            Name = name,
            Type = type,
            Mode = NodeMode.ToGo(status.Mode),
            ModifyTime = modified,
            AccessTime = keepAccessTime ? status.AccessTime.In(zone) : modified,
            ChangeTime = status.ChangeTime.In(zone),
            Uid = status.Uid,
            Gid = status.Gid,
            User = Accounts.UserName(status.Uid),
            Group = Accounts.GroupName(status.Gid),
            Inode = status.Inode,
            DeviceId = status.Device,
            Size = type == NodeType.File ? status.Size : 0,
            Links = hasLinks ? status.Links : 0,
            LinkTarget = type == NodeType.Symlink ? LinkCalls.ReadLink(path) : "",
            ExtendedAttributes = type == NodeType.Symlink ? [] : ReadAttributes(path),
            Device = type is NodeType.Device or NodeType.CharDevice ? status.TargetDevice : 0,
        };
    }

    private ExtendedAttribute[] ReadAttributes(string path)
    {
        var names = AttributeCalls.List(path);
        if (names.Count == 0) return [];
        var attributes = new List<ExtendedAttribute>(names.Count);
        foreach (var name in names)
            if (ReadAttribute(path, name) is { } value) attributes.Add(new ExtendedAttribute(name, value));
        return [.. attributes];
    }

    private byte[]? ReadAttribute(string path, string name)
    {
        try
        {
            return AttributeCalls.Get(path, name);
        }
        catch (PosixException error) when (onUnreadable is not null)
        {
            onUnreadable(path, error);
            return null;
        }
    }
}
