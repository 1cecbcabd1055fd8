using System.Text;
using System.Text.Json;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Snapshots;

/// <summary>Parses the JSON of a tree. Unknown fields, of newer versions, are skipped.</summary>
internal ref struct TreeReader
{
    /// <summary>The limit for extended attributes: Linux lists at most 64 KiB of names.</summary>
    private const int MostAttributes = 1 << 14;

    private Utf8JsonReader _json;

    // Owners and attribute names repeat from node to node: one string serves them all.
    private string _user = "", _group = "", _attribute = "";

    private TreeReader(ReadOnlySpan<byte> bytes) => _json = new Utf8JsonReader(bytes);

    public static List<Node> Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new TreeReader(bytes).ReadTree();
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            throw new ResticException(ResticError.Damaged, $"A tree can't be read: {error.Message}", error);
        }
    }

    private List<Node> ReadTree()
    {
        List<Node> nodes = [];
        Expect(JsonTokenType.StartObject);
        while (NextField())
        {
            if (_json.ValueTextEquals("nodes"u8))
                ReadNodes(nodes);
            else
                SkipValue();
        }
        TreeOrder.Require(nodes);
        return nodes;
    }

    private void ReadNodes(List<Node> nodes)
    {
        while (NextElement())
            nodes.Add(ReadNode());
    }

    private Node ReadNode()
    {
        var draft = new NodeDraft();
        ExpectHere(JsonTokenType.StartObject);
        while (NextField())
        {
            var field = NodeFields.Find(ref _json);
            _json.Read();
            if (_json.TokenType == JsonTokenType.Null)
                continue; // as in Go: null leaves a field at its zero value
            ReadField(field, ref draft);
        }
        return draft.ToNode();
    }

    private void ReadField(NodeField field, ref NodeDraft draft)
    {
        switch (field)
        {
            case NodeField.Name: draft.Name = QuotedName(); break;
            case NodeField.Type: ReadType(ref draft); break;
            case NodeField.Mode: draft.Mode = _json.GetUInt32(); break;
            case NodeField.ModifyTime: draft.ModifyTime = Time(); break;
            case NodeField.AccessTime: draft.AccessTime = Time(); break;
            case NodeField.ChangeTime: draft.ChangeTime = Time(); break;
            case NodeField.Uid: draft.Uid = _json.GetUInt32(); break;
            case NodeField.Gid: draft.Gid = _json.GetUInt32(); break;
            case NodeField.User: draft.User = Repeated(ref _user); break;
            case NodeField.Group: draft.Group = Repeated(ref _group); break;
            case NodeField.Inode: draft.Inode = _json.GetUInt64(); break;
            case NodeField.DeviceId: draft.DeviceId = _json.GetUInt64(); break;
            case NodeField.Size: draft.Size = _json.GetUInt64(); break;
            case NodeField.Links: draft.Links = _json.GetUInt64(); break;
            case NodeField.LinkTarget: draft.LinkTarget = _json.GetString()!; break;
            case NodeField.LinkTargetRaw: draft.LinkTargetRaw = FileName.Decode(_json.GetBytesFromBase64()); break;
            case NodeField.ExtendedAttributes: draft.ExtendedAttributes = ReadAttributes(); break;
            case NodeField.Device: draft.Device = _json.GetUInt64(); break;
            case NodeField.Content: draft.Content = ReadContent(); break;
            case NodeField.Subtree: draft.Subtree = Digest(); break;
            case NodeField.Error: draft.Error = _json.GetString()!; break;
            default: _json.Skip(); break;
        }
    }

    private void ReadType(ref NodeDraft draft)
    {
        draft.Type = NodeTypeName.Parse(_json.ValueSpan);
        if (draft.Type == NodeType.Unknown) draft.TypeName = _json.GetString();
    }

    private List<ExtendedAttribute> ReadAttributes()
    {
        List<ExtendedAttribute> attributes = [];
        ExpectHere(JsonTokenType.StartArray);
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType == JsonTokenType.Null) continue;
            if (attributes.Count == MostAttributes) throw new FormatException($"a node has more than {MostAttributes} extended attributes.");
            attributes.Add(ReadAttribute());
        }
        return attributes;
    }

    private ExtendedAttribute ReadAttribute()
    {
        var name = "";
        byte[] value = [];
        ExpectHere(JsonTokenType.StartObject);
        while (NextField())
        {
            var isName = _json.ValueTextEquals("name"u8);
            var isValue = _json.ValueTextEquals("value"u8);
            _json.Read();
            if (isName)
                name = Repeated(ref _attribute);
            else if (isValue && _json.TokenType != JsonTokenType.Null)
                value = _json.GetBytesFromBase64();
            else
                _json.Skip();
        }
        return new ExtendedAttribute(name, value);
    }

    private List<Id> ReadContent()
    {
        List<Id> content = [];
        ExpectHere(JsonTokenType.StartArray);
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            content.Add(Digest());
        return content;
    }

    private readonly Id Digest()
    {
        Span<byte> digest = stackalloc byte[Id.Size];
        var done = Convert.FromHexString(_json.ValueSpan, digest, out _, out var written);
        if (done != System.Buffers.OperationStatus.Done || written != Id.Size) throw new FormatException("an id is not 64 hexadecimal digits.");
        return new Id(digest);
    }

    private readonly Timestamp Time() =>
        Timestamp.TryParse(_json.ValueSpan, out var time) ? time : throw new FormatException($"'{_json.GetString()}' is no time.");

    private readonly string QuotedName()
    {
        if (!_json.ValueIsEscaped) return FileName.Decode(_json.ValueSpan);
        var room = _json.ValueSpan.Length <= 1024 ? stackalloc byte[1024] : new byte[_json.ValueSpan.Length];
        var quoted = room[.._json.CopyString(room)];
        return GoQuote.TryUnquote(quoted, out var name) ? name : throw new FormatException($"the name '{Encoding.UTF8.GetString(quoted)}' has a wrong escape.");
    }

    private readonly string Repeated(ref string last) => _json.ValueTextEquals(last) ? last : last = _json.GetString()!;

    private bool NextField() => _json.Read() && _json.TokenType != JsonTokenType.EndObject;

    private bool NextElement()
    {
        if (_json.TokenType == JsonTokenType.PropertyName) // the array begins here; null is an empty array
        {
            _json.Read();
            if (_json.TokenType == JsonTokenType.Null) return false;
            ExpectHere(JsonTokenType.StartArray);
        }
        return _json.Read() && _json.TokenType != JsonTokenType.EndArray;
    }

    private void SkipValue()
    {
        _json.Read();
        _json.Skip();
    }

    private void Expect(JsonTokenType type)
    {
        _json.Read();
        ExpectHere(type);
    }

    private readonly void ExpectHere(JsonTokenType type)
    {
        if (_json.TokenType != type) throw new FormatException($"{type} was expected, and {_json.TokenType} is there.");
    }
}
