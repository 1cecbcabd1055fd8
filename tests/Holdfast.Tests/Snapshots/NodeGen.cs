using System.Globalization;
using CsCheck;
using Holdfast.Restic;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Tests.Snapshots;

/// <summary>Makes nodes at random, awkward ones among them.</summary>
internal static class NodeGen
{
    private static readonly string[] Awkward = ["\"\\\n", "<&>", "\u2028é😀", "\uDCFFx", "\\u0041"];

    private static readonly Gen<string> Name = Gen.OneOf(
        Gen.Byte[1, 255].Array[1, 20].Select(bytes => FileName.Decode(bytes)),
        Gen.Char[' ', '~'].Array[1, 20].Select(chars => new string(chars)),
        Gen.Int[0, Awkward.Length - 1].Select(i => Awkward[i])).Where(name => name is not ("." or "..") && !name.Contains('/', StringComparison.Ordinal));

    // Only names may have stray bytes: elsewhere Go writes U+FFFD, and what it was is lost.
    private static readonly Gen<string> Word = Gen.Char[' ', '\u0170'].Array[0, 10].Select(chars => new string(chars));

    private static readonly Gen<Timestamp> Time =
        Gen.Select(Gen.Long[-62_000_000_000, 253_000_000_000], Gen.Int[0, 999_999_999], Gen.Short[-720, 840]).Select((s, n, o) => new Timestamp(s, n, o));

    private static readonly Gen<Id> Digest = Gen.Byte.Array[1, 4].Select(bytes => Id.Hash(bytes));

    private static readonly Gen<ExtendedAttribute> Attribute =
        Gen.Select(Word, Gen.Byte.Array[0, 30]).Select((name, value) => new ExtendedAttribute("user." + name, value));

    private static readonly Gen<Node> Plain =
        Gen.Select(Name, Gen.Enum<NodeType>().Where(type => type != NodeType.Unknown), Gen.UInt, Time, Gen.UInt, Word, Gen.ULong, Name)
            .Select((name, type, mode, time, uid, user, number, target) => new Node
            {
                Name = name, Type = type, Mode = mode, ModifyTime = time, AccessTime = time, ChangeTime = time, Uid = uid, Gid = uid / 2, User = user, Group = user,
                Inode = number, DeviceId = number / 3, Size = number % 1000, Links = number % 4, LinkTarget = target, Device = number % 7,
            });

    public static readonly Gen<Node> Node =
        Gen.Select(Plain, Digest.List[0, 3], Attribute.List[0, 3], Gen.Bool, Word)
            .Select((node, content, attributes, file, error) => file
                ? node with { Content = content, ExtendedAttributes = attributes, Error = error }
                : node with { Subtree = content.Count == 0 ? null : content[0], ExtendedAttributes = attributes });

    /// <summary>Nodes that can stand in one folder: sorted, and of different names.</summary>
    public static readonly Gen<List<Node>> Folder = Node.List[0, 5].Select(nodes =>
    {
        var folder = nodes.DistinctBy(node => node.Name, StringComparer.Ordinal).ToList();
        folder.Sort((a, b) => FileName.Compare(a.Name, b.Name));
        return folder;
    });

    /// <summary>All of a node in one text: records compare lists by reference.</summary>
    public static string Print(Node node) => string.Create(CultureInfo.InvariantCulture,
        $"{node with { Content = null, ExtendedAttributes = [] }} {(node.Content is null ? "null" : string.Join(',', node.Content))} {string.Join(',', node.ExtendedAttributes.Select(a => a.Name + "=" + Convert.ToHexString(a.Value.Span)))}");
}
