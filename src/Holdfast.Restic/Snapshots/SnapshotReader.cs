using System.Text.Json;

namespace Holdfast.Restic.Snapshots;

/// <summary>Parses the JSON of a snapshot. Unknown fields are skipped.</summary>
internal ref struct SnapshotReader
{
    private Utf8JsonReader _json;

    private SnapshotReader(ReadOnlySpan<byte> bytes) => _json = new Utf8JsonReader(bytes);

    public static Snapshot Read(ReadOnlySpan<byte> bytes, Id id)
    {
        try
        {
            return new SnapshotReader(bytes).ReadSnapshot() with { Id = id };
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            throw new ResticException(ResticError.Damaged, $"Snapshot {id.ToShortString()} cannot be read: {error.Message}", error);
        }
    }

    private Snapshot ReadSnapshot()
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject) throw new FormatException("it is no JSON object.");
        var snapshot = new Snapshot { Time = default, Tree = default };
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var field = _json.GetString();
            _json.Read();
            if (_json.TokenType != JsonTokenType.Null) snapshot = WithField(snapshot, field!);
        }
        return snapshot.Tree.IsZero ? throw new FormatException("it has no tree.") : snapshot;
    }

    private Snapshot WithField(Snapshot snapshot, string field)
    {
        switch (field)
        {
            case "time": return snapshot with { Time = Timestamp.Parse(_json.GetString()!) };
            case "parent": return snapshot with { Parent = Digest() };
            case "tree": return snapshot with { Tree = Digest() };
            case "paths": return snapshot with { Paths = Texts() };
            case "hostname": return snapshot with { Hostname = _json.GetString()! };
            case "username": return snapshot with { Username = _json.GetString()! };
            case "uid": return snapshot with { Uid = _json.GetUInt32() };
            case "gid": return snapshot with { Gid = _json.GetUInt32() };
            case "excludes": return snapshot with { Excludes = Texts() };
            case "tags": return snapshot with { Tags = Texts() };
            case "original": return snapshot with { Original = Digest() };
            case "program_version": return snapshot with { ProgramVersion = _json.GetString()! };
            default:
                _json.Skip();
                return snapshot;
        }
    }

    private readonly Id Digest() => Id.Parse(_json.GetString());

    private List<string> Texts()
    {
        List<string> texts = [];
        if (_json.TokenType != JsonTokenType.StartArray) throw new FormatException("a list is no list.");
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            texts.Add(_json.GetString() ?? "");
        return texts;
    }
}
