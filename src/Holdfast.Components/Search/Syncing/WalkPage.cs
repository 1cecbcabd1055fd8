using System.Text.Json;
using Holdfast.Components.Search.Bulk;

namespace Holdfast.Components.Search.Syncing;

/// <summary>
/// Reads one page of a scroll forward. Only the id and the version of a document are kept, and only until the document
/// was passed on.
/// </summary>
internal sealed class WalkPage(bool isVersionField)
{
    private byte[] _id = new byte[512], _version = new byte[64];
    private int _idLength, _versionLength;
    private long _sequence, _term;

    /// <summary>The scroll to go on with, and how many documents there were.</summary>
    /// <exception cref="JsonException">It is something else, or a shard failed.</exception>
    public (string? Scroll, int Count) Read(ReadOnlySpan<byte> answer, SeeDocument see)
    {
        var (scroll, count) = ((string?)null, 0);
        var reader = new Utf8JsonReader(answer);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("_scroll_id"u8))
            {
                reader.Read();
                scroll = reader.GetString();
            }
            else if (reader.ValueTextEquals("_shards"u8)) ReadShards(ref reader);
            else if (reader.ValueTextEquals("hits"u8)) count = ReadHits(ref reader, see);
            else reader.Skip();
        }
        return (scroll, count);
    }

    private static void ReadShards(ref Utf8JsonReader reader)
    {
        reader.Read();
        using var shards = JsonDocument.ParseValue(ref reader);
        if (shards.RootElement.TryGetProperty("failed", out var failed) && failed.GetInt32() > 0) throw new JsonException($"{failed.GetInt32()} shards failed: {shards.RootElement.GetRawText()}");
    }

    /// <summary>{"hits": [...]}; nothing at all on the page after the last one.</summary>
    private int ReadHits(ref Utf8JsonReader reader, SeeDocument see)
    {
        var count = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadHit(ref reader);
                see(_id.AsSpan(0, _idLength), _version.AsSpan(0, _versionLength), new SeenDocument(_sequence, _term));
                count++;
            }
        }
        return count;
    }

    private void ReadHit(ref Utf8JsonReader reader)
    {
        (_idLength, _versionLength, _sequence, _term) = (0, 0, -1, -1);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("_id"u8)) _idLength = Take(ref reader, ref _id);
            else if (reader.ValueTextEquals("_version"u8) && !isVersionField) _versionLength = Take(ref reader, ref _version);
            else if (reader.ValueTextEquals("_source"u8)) ReadSource(ref reader);
            else if (reader.ValueTextEquals("_seq_no"u8)) _sequence = TakeNumber(ref reader);
            else if (reader.ValueTextEquals("_primary_term"u8)) _term = TakeNumber(ref reader);
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    /// <summary>
    /// Reads the version field. The request names only that field of a document, so its value is the first one, at any
    /// depth.
    /// </summary>
    private void ReadSource(ref Utf8JsonReader reader)
    {
        reader.Read();
        for (var depth = 1; depth > 0;)
        {
            reader.Read();
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) depth++;
            else if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray) depth--;
            else if (reader.TokenType is not JsonTokenType.PropertyName and not JsonTokenType.Null && _versionLength == 0) _versionLength = Copy(ref reader, ref _version);
        }
    }

    private static int Take(ref Utf8JsonReader reader, ref byte[] into)
    {
        reader.Read();
        return Copy(ref reader, ref into);
    }

    private static int Copy(ref Utf8JsonReader reader, ref byte[] into)
    {
        if (into.Length < reader.ValueSpan.Length) into = new byte[reader.ValueSpan.Length * 2];
        if (reader.TokenType == JsonTokenType.String) return reader.CopyString(into);
        reader.ValueSpan.CopyTo(into);
        return reader.ValueSpan.Length;
    }

    private static long TakeNumber(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetInt64();
    }
}
