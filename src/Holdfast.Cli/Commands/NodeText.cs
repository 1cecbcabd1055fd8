using Holdfast.Cli.Output.Events;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>Nodes of a recovery point as events.</summary>
internal static class NodeText
{
    public static EntryEvent Entry(string path, Node node) =>
        new(path, TypeOf(node), (long)node.Size, Mode(node), $"{Name(node.User, node.Uid)}:{Name(node.Group, node.Gid)}", node.ModifyTime.ToDateTimeOffset())
        {
            PathBase64 = Base64(path),
            LinkTarget = node.Type == NodeType.Symlink ? node.LinkTarget : null,
        };

    /// <summary>The exact bytes of a path that JSON can't hold; null when it can.</summary>
    public static string? Base64(string path) => FileName.HasStrayBytes(path) ? Convert.ToBase64String(FileName.Encode(path)) : null;

    /// <summary>The type of a node in restic's words.</summary>
    private static string TypeOf(Node node) => node.Type switch
    {
        NodeType.File => "file",
        NodeType.Directory => "dir",
        NodeType.Symlink => "symlink",
        NodeType.Device => "dev",
        NodeType.CharDevice => "chardev",
        NodeType.Fifo => "fifo",
        NodeType.Socket => "socket",
        _ => node.TypeName ?? "unknown",
    };

    private static string Name(string name, uint number) => name.Length > 0 ? name : $"{number}";

    /// <summary>The mode in the form of ls: "-rwxr-xr-x".</summary>
    private static string Mode(Node node)
    {
        Span<char> text = stackalloc char[10];
        text[0] = node.Type switch
        {
            NodeType.Directory => 'd',
            NodeType.Symlink => 'l',
            NodeType.Device => 'b',
            NodeType.CharDevice => 'c',
            NodeType.Fifo => 'p',
            NodeType.Socket => 's',
            _ => '-',
        };
        for (var bit = 0; bit < 9; bit++) text[9 - bit] = (node.Mode >> bit & 1) != 0 ? "xwr"[bit % 3] : '-';
        Special(ref text[3], (node.Mode & GoMode.SetUid) != 0, 's');
        Special(ref text[6], (node.Mode & GoMode.SetGid) != 0, 's');
        Special(ref text[9], (node.Mode & GoMode.Sticky) != 0, 't');
        return new string(text);
    }

    private static void Special(ref char place, bool set, char letter)
    {
        if (set) place = place == 'x' ? letter : char.ToUpperInvariant(letter);
    }
}
