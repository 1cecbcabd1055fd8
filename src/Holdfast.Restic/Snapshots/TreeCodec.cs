using System.Buffers;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// Converts between nodes and the bytes of a tree, which are exactly those of restic 0.14 for the same nodes, so that
/// both deduplicate against each other's trees. One difference is intended: a link target that is not UTF-8, which
/// restic 0.14 corrupts, is stored in "linktarget_raw" as in newer versions. Source: restic, internal/restic/node.go
/// and tree.go.
/// </summary>
internal static class TreeCodec
{
    /// <summary>
    /// Returns the bytes of a tree; the nodes must be sorted by <see cref="FileName.Compare"/>, and their names must be
    /// unique.
    /// </summary>
    public static byte[] Encode(IReadOnlyList<Node> nodes)
    {
        var output = new ArrayBufferWriter<byte>(Math.Max(256, 400 * nodes.Count));
        Write(nodes, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes the bytes of a tree.</summary>
    public static void Write(IReadOnlyList<Node> nodes, IBufferWriter<byte> output)
    {
        var json = new GoJsonWriter(output);
        json.Raw("""{"nodes":["""u8);
        for (var i = 0; i < nodes.Count; i++)
        {
            if (i > 0) json.Raw(","u8);
            WriteNode(ref json, nodes[i]);
        }
        json.Raw("]}\n"u8);
        json.Flush();
    }

    /// <summary>
    /// Parses the nodes of a tree, sorted by <see cref="FileName.Compare"/>, with unique names that are valid file
    /// names.
    /// </summary>
    /// <exception cref="ResticException">
    /// Damaged: the bytes are not a valid tree, or the tree is not trustworthy.
    /// </exception>
    public static IReadOnlyList<Node> Decode(ReadOnlySpan<byte> bytes) => TreeReader.Read(bytes);

    private static void WriteNode(ref GoJsonWriter json, Node node)
    {
        json.BeginObject();
        json.Field("name"u8);
        json.QuotedName(node.Name);
        json.Field("type"u8);
        WriteType(ref json, node);
        WriteNumber(ref json, "mode"u8, node.Mode);
        WriteTimes(ref json, node);
        WriteOwner(ref json, node);
        WriteNumber(ref json, "inode"u8, node.Inode);
        WriteNumber(ref json, "device_id"u8, node.DeviceId);
        WriteNumber(ref json, "size"u8, node.Size);
        WriteNumber(ref json, "links"u8, node.Links);
        WriteLinkTarget(ref json, node.LinkTarget);
        WriteAttributes(ref json, node.ExtendedAttributes);
        WriteNumber(ref json, "device"u8, node.Device);
        WriteContent(ref json, node.Content);
        WriteEnd(ref json, node);
        json.EndObject();
    }

    private static void WriteType(ref GoJsonWriter json, Node node)
    {
        var name = NodeTypeName.Of(node.Type);
        if (name.IsEmpty)
            json.String(node.TypeName ?? "");
        else
            json.Raw(name);
    }

    private static void WriteTimes(ref GoJsonWriter json, Node node)
    {
        json.Field("mtime"u8);
        json.Time(node.ModifyTime);
        json.Field("atime"u8);
        json.Time(node.AccessTime);
        json.Field("ctime"u8);
        json.Time(node.ChangeTime);
    }

    private static void WriteOwner(ref GoJsonWriter json, Node node)
    {
        json.Field("uid"u8);
        json.Number(node.Uid);
        json.Field("gid"u8);
        json.Number(node.Gid);
        WriteText(ref json, "user"u8, node.User);
        WriteText(ref json, "group"u8, node.Group);
    }

    private static void WriteLinkTarget(ref GoJsonWriter json, string target)
    {
        WriteText(ref json, "linktarget"u8, target);
        if (!FileName.HasStrayBytes(target)) return;
        json.Field("linktarget_raw"u8);
        json.Base64Bytes(FileName.Encode(target));
    }

    private static void WriteAttributes(ref GoJsonWriter json, IReadOnlyList<ExtendedAttribute> attributes)
    {
        if (attributes.Count == 0) return;
        json.Field("extended_attributes"u8);
        json.Raw("["u8);
        for (var i = 0; i < attributes.Count; i++)
        {
            if (i > 0) json.Raw(","u8);
            json.BeginObject();
            json.Field("name"u8);
            json.String(attributes[i].Name);
            json.Field("value"u8);
            json.Base64Bytes(attributes[i].Value.Span);
            json.EndObject();
        }
        json.Raw("]"u8);
    }

    private static void WriteContent(ref GoJsonWriter json, IReadOnlyList<Id>? content)
    {
        json.Field("content"u8);
        if (content is null)
        {
            json.Raw("null"u8);
            return;
        }
        json.Raw("["u8);
        for (var i = 0; i < content.Count; i++)
        {
            if (i > 0) json.Raw(","u8);
            json.Digest(content[i]);
        }
        json.Raw("]"u8);
    }

    private static void WriteEnd(ref GoJsonWriter json, Node node)
    {
        if (node.Subtree is { } subtree)
        {
            json.Field("subtree"u8);
            json.Digest(subtree);
        }
        WriteText(ref json, "error"u8, node.Error);
    }

    private static void WriteNumber(ref GoJsonWriter json, ReadOnlySpan<byte> name, ulong value)
    {
        if (value == 0) return;
        json.Field(name);
        json.Number(value);
    }

    private static void WriteText(ref GoJsonWriter json, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length == 0) return;
        json.Field(name);
        json.String(value);
    }
}
