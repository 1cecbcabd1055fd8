using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// The body of one _bulk request: action lines, each but a deletion followed by the document, which is never parsed.
/// The buffer is reused for the next request. Source: the engines' reference manuals, "Bulk API".
/// </summary>
internal sealed class BulkBody : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(256 << 10);
    private int _length;

    /// <summary>The number of documents in it.</summary>
    public int Count { get; private set; }

    public int Length => _length;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>The id in a line of what to do: {"index":{"_id":"x",...}}.</summary>
    public static string IdOf(ReadOnlySpan<byte> action)
    {
        var reader = new Utf8JsonReader(action);
        while (reader.Read())
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 2 && reader.ValueTextEquals("_id"u8))
            {
                reader.Read();
                return reader.GetString()!;
            }
        throw new JsonException("A line of a bulk request names no document.");
    }

    public void Clear() => (_length, Count) = (0, 0);

    /// <summary>Writes a document whose version is the caller's own: an older or equal one does not replace what is there.</summary>
    public void AddVersioned(ReadOnlySpan<byte> id, ReadOnlySpan<byte> version, ReadOnlySpan<byte> document)
    {
        Append("{\"index\":{\"_id\":"u8);
        AppendId(id);
        Append(",\"version_type\":\"external\",\"version\":"u8);
        Append(version);
        Append("}}\n"u8);
        AppendDocument(document);
    }

    /// <summary>Writes a document that must not be there yet.</summary>
    public void AddNew(ReadOnlySpan<byte> id, ReadOnlySpan<byte> document)
    {
        Append("{\"create\":{\"_id\":"u8);
        AppendId(id);
        Append("}}\n"u8);
        AppendDocument(document);
    }

    /// <summary>Replaces a document if it has not changed since it was read.</summary>
    public void AddInstead(ReadOnlySpan<byte> id, SeenDocument seen, ReadOnlySpan<byte> document)
    {
        AppendSeen("{\"index\":{\"_id\":"u8, id, seen);
        AppendDocument(document);
    }

    /// <summary>Deletes a document if it has not changed since it was read.</summary>
    public void AddDeletion(ReadOnlySpan<byte> id, SeenDocument seen)
    {
        AppendSeen("{\"delete\":{\"_id\":"u8, id, seen);
        Count++;
    }

    /// <summary>The lines of one document, counted from 0: what to do, and the document if there is one.</summary>
    public (ReadOnlyMemory<byte> Action, ReadOnlyMemory<byte> Document) this[int position]
    {
        get
        {
            var rest = Bytes;
            for (var at = 0; ; at++)
            {
                var one = TakeOne(ref rest);
                if (at == position) return one;
            }
        }
    }

    /// <summary>Adds the lines of one document of another body.</summary>
    public void Add(BulkBody other, int position)
    {
        var (action, document) = other[position];
        Add(action, document);
    }

    /// <summary>Its documents in two halves, which the caller disposes of.</summary>
    public (BulkBody First, BulkBody Second) Halve()
    {
        var (first, second, rest) = (new BulkBody(), new BulkBody(), Bytes);
        for (var at = 0; at < Count; at++)
        {
            var (action, document) = TakeOne(ref rest);
            (at < Count / 2 ? first : second).Add(action, document);
        }
        return (first, second);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private static (ReadOnlyMemory<byte> Action, ReadOnlyMemory<byte> Document) TakeOne(ref ReadOnlyMemory<byte> rest)
    {
        var action = Take(ref rest);
        return (action, action.Span.StartsWith("{\"delete\""u8) ? default : Take(ref rest));
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest)
    {
        var end = rest.Span.IndexOf((byte)'\n');
        var line = rest[..end];
        rest = rest[(end + 1)..];
        return line;
    }

    private void AppendSeen(ReadOnlySpan<byte> action, ReadOnlySpan<byte> id, SeenDocument seen)
    {
        Append(action);
        AppendId(id);
        Append(",\"if_seq_no\":"u8);
        AppendNumber(seen.Sequence);
        Append(",\"if_primary_term\":"u8);
        AppendNumber(seen.Term);
        Append("}}\n"u8);
    }

    private void Add(ReadOnlyMemory<byte> action, ReadOnlyMemory<byte> document)
    {
        Append(action.Span);
        Append("\n"u8);
        if (document.IsEmpty) Count++;
        else AppendDocument(document.Span);
    }

    private void AppendDocument(ReadOnlySpan<byte> document)
    {
        Append(document);
        Append("\n"u8);
        Count++;
    }

    private void AppendNumber(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        Append(digits[..length]);
    }

    private void AppendId(ReadOnlySpan<byte> id)
    {
        Append("\""u8);
        if (id.IndexOfAnyInRange((byte)0, (byte)31) < 0 && id.IndexOfAny((byte)'"', (byte)'\\') < 0) Append(id);
        else Append(JsonEncodedText.Encode(Encoding.UTF8.GetString(id)).EncodedUtf8Bytes);
        Append("\""u8);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _length < bytes.Length) Grow(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Grow(int more)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + more));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}

/// <summary>
/// Sequence number and primary term of a document when it was read, by which the engine detects a later change.
/// </summary>
internal readonly record struct SeenDocument(long Sequence, long Term);
