using System.Text;
using CsCheck;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Snapshots;

public class TreeCodecTests
{
    private static readonly Timestamp Time = Timestamp.Parse("2022-11-22T21:04:05.123456789+01:00");

    [Fact]
    public void Every_field_has_its_place()
    {
        var node = new Node
        {
            Name = "f", Type = NodeType.File, Mode = 0x1A4, ModifyTime = Time, AccessTime = Time, ChangeTime = Time, Uid = 1, Gid = 2, User = "u", Group = "g",
            Inode = 3, DeviceId = 4, Size = 5, Links = 6, LinkTarget = "l", ExtendedAttributes = [new("user.x", new byte[] { 1, 2, 3, 4 })], Device = 7,
            Content = [Id.Hash([])], Subtree = Id.Hash([1]), Error = "e",
        };
        const string time = "2022-11-22T21:04:05.123456789+01:00";
        Assert.Equal(
            $$"""{"nodes":[{"name":"f","type":"file","mode":420,"mtime":"{{time}}","atime":"{{time}}","ctime":"{{time}}","uid":1,"gid":2,"user":"u","group":"g","inode":3,"device_id":4,"size":5,"links":6,"linktarget":"l","extended_attributes":[{"name":"user.x","value":"AQIDBA=="}],"device":7,"content":["{{Id.Hash([])}}"],"subtree":"{{Id.Hash([1])}}","error":"e"}]}""" + "\n",
            Text(node));
    }

    [Fact]
    public void Empty_fields_are_left_out_but_for_content_and_owner()
    {
        Assert.Contains("\"uid\":0,\"gid\":0,\"content\":null}", Text(Named("a")), StringComparison.Ordinal);
        Assert.Contains("\"content\":[]}", Text(Named("a") with { Content = [] }), StringComparison.Ordinal);
        Assert.Equal("{\"nodes\":[]}\n", Encoding.UTF8.GetString(TreeCodec.Encode([])));
    }

    [Theory]
    [InlineData("we\"ird\\name<é.txt", """we\\\"ird\\\\name\u003cé.txt""")]
    [InlineData("a\nb\tc\u0001\x7f", """a\\nb\\tc\\x01\\x7f""")]
    [InlineData("\u2028\u00AD\u3000\U000E0001", """\\u2028\\u00ad\\u3000\\U000e0001""")]
    [InlineData("Ünïcode 😀 & <>", """Ünïcode 😀 \u0026 \u003c\u003e""")]
    [InlineData("it's", "it's")]
    public void Names_are_quoted_as_Go_does(string name, string written)
    {
        Assert.Contains($"\"name\":\"{written}\",", Text(Named(name)), StringComparison.Ordinal);
        Assert.Equal(name, Assert.Single(TreeCodec.Decode(TreeCodec.Encode([Named(name)]))).Name);
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_quoted_one_by_one() // not a theory's data: attributes cannot hold them
    {
        Names_are_quoted_as_Go_does("\uDCFF\uDCE2", """\\xff\\xe2""");
        Names_are_quoted_as_Go_does("é\uDCA9😀", """é\\xa9😀""");
    }

    [Fact]
    public void A_link_target_is_escaped_as_plain_JSON_of_Go() =>
        Assert.Contains("\"linktarget\":\"\\u003c\\u0008\\u000c\\n\\r\\t\\\"\\\\\x7f\",", Text(Named("l") with { LinkTarget = "<\b\f\n\r\t\"\\\x7f" }), StringComparison.Ordinal);

    [Fact]
    public void A_link_target_that_is_not_UTF_8_is_kept_as_newer_restic_keeps_it()
    {
        var node = Named("l") with { Type = NodeType.Symlink, LinkTarget = "x\uDCFF" };
        Assert.Contains("""
            "linktarget":"x\ufffd","linktarget_raw":"eP8=",
            """, Text(node), StringComparison.Ordinal);
        Assert.Equal(node.LinkTarget, Assert.Single(TreeCodec.Decode(TreeCodec.Encode([node]))).LinkTarget);
    }

    [Fact]
    public void Fields_of_newer_versions_are_passed_over()
    {
        var nodes = TreeCodec.Decode("""
            {"more":{"nodes":[1]},"nodes":[{"name":"a","type":"irregular","mtime":"2022-11-22T21:04:05Z","generic_attributes":{"windows.x":[{"a":1}]},"uid":7,"content":null,"subtree":null}],"x":null}
            """u8);
        var node = Assert.Single(nodes);
        Assert.Equal((NodeType.Unknown, "irregular", 7u), (node.Type, node.TypeName, node.Uid));
        Assert.Contains("\"type\":\"irregular\"", Text(node), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"nodes\":[{\"name\":\"a\"")]
    [InlineData("{\"nodes\":[{\"type\":\"file\"}]}")]
    [InlineData("{\"nodes\":[1]}")]
    [InlineData("{\"nodes\":[{\"name\":\"\\\\q\"}]}")]
    [InlineData("{\"nodes\":[{\"name\":\"a\",\"content\":[\"00\"]}]}")]
    [InlineData("{\"nodes\":[{\"name\":\"a\",\"mtime\":\"yesterday\"}]}")]
    [InlineData("{\"nodes\":[{\"name\":\"a\",\"size\":-1}]}")]
    public void What_is_no_tree_is_damaged(string json) =>
        Assert.Equal(ResticError.Damaged, Assert.Throws<ResticException>(() => TreeCodec.Decode(Encoding.UTF8.GetBytes(json))).Error);

    [Fact]
    public void Any_tree_survives_being_written_and_is_written_the_same_again() =>
        NodeGen.Folder.Sample(nodes =>
        {
            var bytes = TreeCodec.Encode(nodes);
            var read = TreeCodec.Decode(bytes);
            return TreeCodec.Encode(read).AsSpan().SequenceEqual(bytes) && nodes.Select(NodeGen.Print).SequenceEqual(read.Select(NodeGen.Print), StringComparer.Ordinal);
        });

    private static Node Named(string name) => new() { Name = name, Type = NodeType.File };

    private static string Text(Node node) => Encoding.UTF8.GetString(TreeCodec.Encode([node]));
}
