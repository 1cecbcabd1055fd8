using System.Buffers.Binary;
using System.Text;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Documents;
using Npgsql;

namespace Holdfast.Components.Postgres.Documents;

/// <summary>
/// Rows of COPY's binary format: a header, then for each row the number of its fields and each field's length (-1 for
/// NULL) and bytes; -1 in place of a number of fields is the end. Here each row has one field, an array of texts,
/// because a function may return only one. Source: PostgreSQL's manual, COPY, "Binary Format".
/// </summary>
internal sealed class CopiedRows(NpgsqlRawCopyStream stream, DocumentColumns columns, bool documents) : IDocumentRows
{
    /// <summary>
    /// The size in bytes of the signature (11), the flags, and the length of an extension, which no server sends.
    /// </summary>
    private const int Header = 11 + 4 + 4;

    /// <summary>The size of an array's header in bytes. Source: array_send in PostgreSQL's arrayfuncs.c.</summary>
    private const int ArrayHeader = 6 * 4;

    private byte[] _buffer = new byte[256 << 10];
    private int _from, _to;
    private bool _isBegun, _isEnded;

    public async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_isEnded) return false;
        var before = _to - _from;
        _buffer.AsSpan(_from.._to).CopyTo(_buffer);
        (_from, _to) = (0, _to - _from);
        if (_to == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        try
        {
            // The server sends each row in a message of its own: collecting them here saves calls.
            var wanted = Math.Min(_buffer.Length, _to + (64 << 10));
            while (_to < wanted)
            {
                var read = await stream.ReadAsync(_buffer.AsMemory(_to), cancellation);
                if (read == 0) break;
                _to += read;
            }
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw columns.Failure(failure);
        }
        if (_to == before) throw columns.Failure(new IOException("the rows end before their end is told"));
        Begin();
        return true;
    }

    public bool TryNext(out DocumentRow row)
    {
        row = default;
        var rest = _buffer.AsSpan(_from.._to);
        if (!_isBegun || _isEnded || rest.Length < 2) return false;
        if (BinaryPrimitives.ReadInt16BigEndian(rest) < 0)
        {
            _isEnded = true;
            return false;
        }
        // The one field of each row is an array: its length, dimensions, a flag, its element's type, its size and first
        // index.
        var at = 2 + ArrayHeader;
        if (rest.Length < at) return false;
        if (!TryField(rest, ref at, out var id) || !TryField(rest, ref at, out var version)) return false;
        var document = default(Span<byte>);
        var isNull = false;
        if (documents && !TryField(rest, ref at, out document, out isNull)) return false;
        _from += at;
        if (id.IsEmpty) throw columns.Refuse($"has a row whose '{columns.Query.Id}' is NULL or empty");
        if (version.IsEmpty && columns.Query.Version is { } column) throw columns.Refuse($"has a row whose '{column}' is NULL: that of the id '{Encoding.UTF8.GetString(id)}'");
        if (isNull) throw columns.Refuse($"has a row whose '{columns.Query.Document}' is NULL: that of the id '{Encoding.UTF8.GetString(id)}'");
        row = new DocumentRow(id, version, OneLine(document));
        return true;
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private void Begin()
    {
        if (_isBegun || _to - _from < Header) return;
        _from += Header;
        _isBegun = true;
    }

    private static bool TryField(Span<byte> rest, scoped ref int at, out Span<byte> field) => TryField(rest, ref at, out field, out _);

    private static bool TryField(Span<byte> rest, scoped ref int at, out Span<byte> field, out bool isNull)
    {
        field = default;
        isNull = false;
        if (rest.Length < at + 4) return false;
        var length = BinaryPrimitives.ReadInt32BigEndian(rest[at..]);
        isNull = length < 0;
        length = Math.Max(0, length);
        if (rest.Length < at + 4 + length) return false;
        field = rest.Slice(at + 4, length);
        at += 4 + length;
        return true;
    }

    /// <summary>
    /// Replaces line breaks: in a value of type json they are only white space between its parts, because a line break
    /// within a string is written as \n.
    /// </summary>
    private static Span<byte> OneLine(Span<byte> document)
    {
        for (var rest = document; rest.IndexOf((byte)'\n') is >= 0 and var at; rest = rest[(at + 1)..]) rest[at] = (byte)' ';
        return document;
    }
}
