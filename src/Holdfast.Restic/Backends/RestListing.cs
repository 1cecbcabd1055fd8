using System.Text.Json;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Reads the answer to a listing, whose bytes are untrusted: [{"name","size"}] of version 2 of the protocol, ["name"]
/// of version 1. At most 64 KiB of it are held at once. Source: restic, doc/REST_backend.rst.
/// </summary>
internal sealed class RestListing
{
    /// <summary>
    /// More files than any repository has: packs for 32 TB, which take half a GB of memory here. The same limit applies
    /// to skipped names.
    /// </summary>
    private const int MostFiles = 2_000_000;

    /// <summary>Ten times the size of a listing of that many files.</summary>
    private const long MostBytes = 2L << 30;

    private const int Largest = 64 << 10;

    private readonly List<StoredFile> _files = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private string? _property;
    private string? _name;
    private long? _size;
    private int _passedOver;

    /// <summary>The files, in version 1 with a size of -1; foreign names and duplicates are left out.</summary>
    /// <exception cref="JsonException">The answer is not a valid listing.</exception>
    public static async Task<IReadOnlyList<StoredFile>> ReadAsync(Stream answer, RestWatch watch)
    {
        var listing = new RestListing();
        var (buffer, length, taken) = (new byte[Largest], 0, 0L);
        var state = new JsonReaderState(new JsonReaderOptions { MaxDepth = 8 });
        while (true)
        {
            var count = await answer.ReadAsync(buffer.AsMemory(length), watch.Token);
            watch.Progress(count);
            length += count;
            if ((taken += count) > MostBytes) throw new JsonException("it is longer than 2 GiB");
            var used = listing.Take(buffer.AsSpan(0, length), isLast: count == 0, ref state);
            if (count == 0) return listing._files;
            buffer.AsSpan(used, length - used).CopyTo(buffer);
            length -= used;
            if (length == buffer.Length) throw new JsonException("a value in it is longer than 64 KiB");
        }
    }

    private int Take(ReadOnlySpan<byte> bytes, bool isLast, ref JsonReaderState state)
    {
        var reader = new Utf8JsonReader(bytes, isLast, state);
        while (reader.Read()) Take(ref reader);
        state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private void Take(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType, reader.CurrentDepth)
        {
            case (JsonTokenType.StartArray or JsonTokenType.EndArray, 0): break;
            case (JsonTokenType.Null, 0): break; // Go's empty list
            case (JsonTokenType.String, 1): Add(reader.GetString(), -1); break;
            case (JsonTokenType.StartObject, 1): (_name, _size) = (null, null); break;
            case (JsonTokenType.EndObject, 1): Add(_name, _size); break;
            case (JsonTokenType.PropertyName, 2): _property = reader.GetString(); break;
            case (JsonTokenType.String, 2) when _property == "name": _name = reader.GetString(); break;
            case (JsonTokenType.Number, 2) when _property == "size": _size = SizeOf(reader); break;
            case (_, >= 2): break;
            default: throw new JsonException("it is not a list of files");
        }
    }

    private static long? SizeOf(Utf8JsonReader reader) => reader.TryGetInt64(out var size) && size >= 0 ? size : null;

    private void Add(string? name, long? size)
    {
        if (name is null || size is null) throw new JsonException("an entry lacks its name or size");
        var isFile = Layout.IsName(name) && _names.Add(name);
        if ((isFile ? _files.Count : _passedOver++) >= MostFiles) throw new JsonException("it has more than 2 million files");
        if (isFile) _files.Add(new StoredFile(name, size.Value));
    }
}
