namespace Holdfast.Restic.Snapshots;

/// <summary>A node that is being read.</summary>
internal struct NodeDraft()
{
    public string? Name, TypeName, LinkTargetRaw;
    public string User = "", Group = "", LinkTarget = "", Error = "";
    public NodeType Type = NodeType.Unknown;
    public uint Mode, Uid, Gid;
    public Timestamp ModifyTime, AccessTime, ChangeTime;
    public ulong Inode, DeviceId, Size, Links, Device;
    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes = [];
    public IReadOnlyList<Id>? Content;
    public Id? Subtree;

    public readonly Node ToNode() => new()
    {
        Name = Name ?? throw new FormatException("a node has no name."),
        Type = Type,
        TypeName = TypeName,
        Mode = Mode,
        ModifyTime = ModifyTime,
        AccessTime = AccessTime,
        ChangeTime = ChangeTime,
        Uid = Uid,
        Gid = Gid,
        User = User,
        Group = Group,
        Inode = Inode,
        DeviceId = DeviceId,
        Size = Size,
        Links = Links,
        LinkTarget = LinkTargetRaw ?? LinkTarget,
        ExtendedAttributes = ExtendedAttributes,
        Device = Device,
        Content = Content,
        Subtree = Subtree,
        Error = Error,
    };
}
