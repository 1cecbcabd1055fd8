using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Indexing;

/// <summary>A pack in an index file.</summary>
/// <param name="Id">The pack's id.</param>
/// <param name="Blobs">The entries that could be read.</param>
/// <param name="Impossible">The number of entries with impossible lengths, which are ignored.</param>
internal sealed record IndexedPack(Id Id, IReadOnlyList<(Id Id, PackedBlob Blob)> Blobs, int Impossible = 0);

/// <summary>
/// Reads and writes index files: {"packs":[{"id","blobs":[{"id","type","offset","length","uncompressed_length"?}]}]}.
/// Source: doc/design.rst, "Indexing".
/// </summary>
internal static class IndexCodec
{
    /// <summary>
    /// The buffer size for one blob's entry: a buffer that repeatedly doubles leaves its outgrown copies to the garbage
    /// collector.
    /// </summary>
    private const int EntrySize = 160;

    public static ReadOnlyMemory<byte> Write(IReadOnlyList<IndexedPack> packs)
    {
        var buffer = new ArrayBufferWriter<byte>(Math.Max(1 << 12, packs.Sum(pack => pack.Blobs.Count + 1) * EntrySize));
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("packs"u8);
        foreach (var pack in packs) WritePack(json, pack);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WritePack(Utf8JsonWriter json, IndexedPack pack)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, pack.Id.ToString());
        json.WriteStartArray("blobs"u8);
        foreach (var (id, blob) in pack.Blobs)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id.ToString());
            json.WriteString("type"u8, blob.Type == BlobType.Tree ? "tree"u8 : "data"u8);
            json.WriteNumber("offset"u8, blob.Offset);
            json.WriteNumber("length"u8, blob.Length);
            if (blob.UncompressedLength != 0) json.WriteNumber("uncompressed_length"u8, blob.UncompressedLength);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>
    /// Reads an index file. Unknown fields are skipped, as is "supersedes", which does not describe blobs.
    /// </summary>
    /// <exception cref="JsonException">It is not an index.</exception>
    public static List<IndexedPack> Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var packs = new List<IndexedPack>();
        Expect(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader))
        {
            if (!reader.ValueTextEquals("packs"u8))
            {
                Skip(ref reader);
                continue;
            }
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null) continue;
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject) packs.Add(ReadPack(ref reader));
        }
        return packs;
    }

    private static IndexedPack ReadPack(ref Utf8JsonReader reader)
    {
        Id pack = default;
        var blobs = new List<(Id Id, PackedBlob Blob)>();
        while (NextProperty(ref reader))
        {
            if (reader.ValueTextEquals("id"u8)) pack = ReadId(ref reader);
            else if (reader.ValueTextEquals("blobs"u8))
            {
                Expect(ref reader, JsonTokenType.StartArray);
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject) blobs.Add(ReadBlob(ref reader));
            }
            else Skip(ref reader);
        }
        if (pack.IsZero) throw new JsonException("A pack has no id.");
        var span = CollectionsMarshal.AsSpan(blobs);
        for (var i = 0; i < span.Length; i++) span[i].Blob = span[i].Blob with { Pack = pack };
        span.Sort(static (left, right) => left.Blob.Offset.CompareTo(right.Blob.Offset)); // restic lists them in any order
        return new IndexedPack(pack, blobs, blobs.RemoveAll(static item => !item.Blob.IsPlausible));
    }

    private static (Id Id, PackedBlob Blob) ReadBlob(ref Utf8JsonReader reader)
    {
        Id id = default;
        var type = BlobType.Data;
        uint offset = 0, length = 0, plain = 0;
        while (NextProperty(ref reader))
        {
            if (reader.ValueTextEquals("id"u8)) id = ReadId(ref reader);
            else if (reader.ValueTextEquals("type"u8)) type = ReadType(ref reader);
            else if (reader.ValueTextEquals("offset"u8)) offset = ReadNumber(ref reader);
            else if (reader.ValueTextEquals("length"u8)) length = ReadNumber(ref reader);
            else if (reader.ValueTextEquals("uncompressed_length"u8)) plain = ReadNumber(ref reader);
            else Skip(ref reader);
        }
        if (id.IsZero) throw new JsonException("A blob has no id.");
        return (id, new PackedBlob(default, type, offset, length, plain));
    }

    private static bool NextProperty(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token) throw new JsonException($"{token} was expected, {reader.TokenType} stands there.");
    }

    private static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    /// <summary>Treats a number that is too large for any pack like the largest impossible one.</summary>
    private static uint ReadNumber(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number) throw new JsonException("A number was expected.");
        return reader.TryGetUInt32(out var number) ? number : uint.MaxValue;
    }

    private static BlobType ReadType(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.ValueTextEquals("data"u8) ? BlobType.Data
            : reader.ValueTextEquals("tree"u8) ? BlobType.Tree
            : throw new JsonException($"'{reader.GetString()}' is not a type of blob.");
    }

    private static Id ReadId(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.String);
        Span<char> text = stackalloc char[2 * Id.Size];
        return reader.ValueSpan.Length == text.Length && reader.CopyString(text) == text.Length && Id.TryParse(text, out var id)
            ? id
            : throw new JsonException("An id is not 64 hexadecimal digits.");
    }
}
