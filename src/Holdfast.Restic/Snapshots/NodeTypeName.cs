namespace Holdfast.Restic.Snapshots;

/// <summary>The names of node types in trees.</summary>
internal static class NodeTypeName
{
    /// <summary>Returns the type as a JSON string, with its quotes; empty for Unknown.</summary>
    public static ReadOnlySpan<byte> Of(NodeType type) => type switch
    {
        NodeType.File => "\"file\""u8,
        NodeType.Directory => "\"dir\""u8,
        NodeType.Symlink => "\"symlink\""u8,
        NodeType.Device => "\"dev\""u8,
        NodeType.CharDevice => "\"chardev\""u8,
        NodeType.Fifo => "\"fifo\""u8,
        NodeType.Socket => "\"socket\""u8,
        _ => default,
    };

    /// <summary>Returns the type for a name without quotes.</summary>
    public static NodeType Parse(ReadOnlySpan<byte> name)
    {
        for (var type = NodeType.File; type < NodeType.Unknown; type++)
            if (Of(type)[1..^1].SequenceEqual(name)) return type;
        return NodeType.Unknown;
    }
}
