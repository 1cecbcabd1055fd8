using System.Text.Json;

namespace Holdfast.Restic.Snapshots;

/// <summary>The known fields of a node.</summary>
internal enum NodeField
{
    Unknown,
    Name,
    Type,
    Mode,
    ModifyTime,
    AccessTime,
    ChangeTime,
    Uid,
    Gid,
    User,
    Group,
    Inode,
    DeviceId,
    Size,
    Links,
    LinkTarget,
    LinkTargetRaw,
    ExtendedAttributes,
    Device,
    Content,
    Subtree,
    Error,
}

/// <summary>
/// Identifies fields by their names. The length is compared first, so that most names are compared with one or two
/// others.
/// </summary>
internal static class NodeFields
{
    public static NodeField Find(ref Utf8JsonReader json) => json.ValueSpan.Length switch
    {
        3 => json.ValueTextEquals("uid"u8) ? NodeField.Uid : json.ValueTextEquals("gid"u8) ? NodeField.Gid : NodeField.Unknown,
        4 => OfFour(ref json),
        5 => OfFive(ref json),
        6 => json.ValueTextEquals("device"u8) ? NodeField.Device : NodeField.Unknown,
        7 => json.ValueTextEquals("content"u8) ? NodeField.Content : json.ValueTextEquals("subtree"u8) ? NodeField.Subtree : NodeField.Unknown,
        9 => json.ValueTextEquals("device_id"u8) ? NodeField.DeviceId : NodeField.Unknown,
        10 => json.ValueTextEquals("linktarget"u8) ? NodeField.LinkTarget : NodeField.Unknown,
        14 => json.ValueTextEquals("linktarget_raw"u8) ? NodeField.LinkTargetRaw : NodeField.Unknown,
        19 => json.ValueTextEquals("extended_attributes"u8) ? NodeField.ExtendedAttributes : NodeField.Unknown,
        _ => NodeField.Unknown,
    };

    private static NodeField OfFour(ref Utf8JsonReader json) => json.ValueSpan[0] switch
    {
        (byte)'n' when json.ValueTextEquals("name"u8) => NodeField.Name,
        (byte)'t' when json.ValueTextEquals("type"u8) => NodeField.Type,
        (byte)'m' when json.ValueTextEquals("mode"u8) => NodeField.Mode,
        (byte)'u' when json.ValueTextEquals("user"u8) => NodeField.User,
        (byte)'s' when json.ValueTextEquals("size"u8) => NodeField.Size,
        _ => NodeField.Unknown,
    };

    private static NodeField OfFive(ref Utf8JsonReader json) => json.ValueSpan[0] switch
    {
        (byte)'m' when json.ValueTextEquals("mtime"u8) => NodeField.ModifyTime,
        (byte)'a' when json.ValueTextEquals("atime"u8) => NodeField.AccessTime,
        (byte)'c' when json.ValueTextEquals("ctime"u8) => NodeField.ChangeTime,
        (byte)'g' when json.ValueTextEquals("group"u8) => NodeField.Group,
        (byte)'i' when json.ValueTextEquals("inode"u8) => NodeField.Inode,
        (byte)'l' when json.ValueTextEquals("links"u8) => NodeField.Links,
        (byte)'e' when json.ValueTextEquals("error"u8) => NodeField.Error,
        _ => NodeField.Unknown,
    };
}
