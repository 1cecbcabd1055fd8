using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// Writes JSON byte for byte as Go's encoding/json does (of Go 1.19, which restic 0.14 is built with), because ids are
/// digests of it. Source: Go, encoding/json, "encodeState.string", from its observable behavior.
/// </summary>
internal ref struct GoJsonWriter(IBufferWriter<byte> output)
{
    private const int MostAtOnce = 4096;

    // All characters that Go writes unescaped in a JSON string.
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f");

    private Span<byte> _room;
    private int _used;
    private bool _comma;

    /// <summary>Writes bytes that are already JSON.</summary>
    public void Raw(ReadOnlySpan<byte> json)
    {
        Ensure(json.Length);
        json.CopyTo(_room[_used..]);
        _used += json.Length;
    }

    public void BeginObject()
    {
        Raw("{"u8);
        _comma = false;
    }

    public void EndObject() => Raw("}"u8);

    /// <summary>Writes a comma unless this is the first field, then the field's name.</summary>
    public void Field(ReadOnlySpan<byte> name)
    {
        Ensure(name.Length + 4);
        if (_comma) _room[_used++] = (byte)',';
        _comma = true;
        _room[_used++] = (byte)'"';
        name.CopyTo(_room[_used..]);
        _used += name.Length;
        _room[_used++] = (byte)'"';
        _room[_used++] = (byte)':';
    }

    public void Number(ulong value)
    {
        Ensure(20);
        _ = Utf8Formatter.TryFormat(value, _room[_used..], out var length);
        _used += length;
    }

    public void Time(Timestamp time)
    {
        Ensure(Timestamp.MaxTextLength + 2);
        _room[_used++] = (byte)'"';
        _used += time.Format(_room[_used..]);
        _room[_used++] = (byte)'"';
    }

    public void Digest(Id id)
    {
        Span<byte> bytes = stackalloc byte[Id.Size];
        id.CopyTo(bytes);
        Ensure((2 * Id.Size) + 2);
        _room[_used++] = (byte)'"';
        _ = Convert.TryToHexStringLower(bytes, _room[_used..], out var length);
        _used += length;
        _room[_used++] = (byte)'"';
    }

    /// <summary>Writes bytes as Go does: in base64, with padding.</summary>
    public void Base64Bytes(ReadOnlySpan<byte> value)
    {
        Ensure(Base64.GetMaxEncodedToUtf8Length(value.Length) + 2);
        _room[_used++] = (byte)'"';
        _ = Base64.EncodeToUtf8(value, _room[_used..], out _, out var length);
        _used += length;
        _room[_used++] = (byte)'"';
    }

    /// <summary>Writes a string; a stray byte becomes \ufffd, as in Go.</summary>
    public void String(ReadOnlySpan<char> text)
    {
        Byte((byte)'"');
        while (!text.IsEmpty)
        {
            var plain = PlainLength(text);
            Ascii(text[..plain]);
            text = text[plain..];
            if (!text.IsEmpty) text = text[Escape(text)..];
        }
        Byte((byte)'"');
    }

    /// <summary>Writes a name in the quotes of Go's strconv.Quote, without the outer ones, as a JSON string.</summary>
    public void QuotedName(ReadOnlySpan<char> name)
    {
        if (PlainLength(name) == name.Length && !name.Contains('\x7f'))
            String(name);
        else
            String(GoQuote.Quote(name));
    }

    /// <summary>Flushes to the output; nothing is written there before.</summary>
    public void Flush()
    {
        output.Advance(_used);
        _room = default;
        _used = 0;
    }

    private static int PlainLength(ReadOnlySpan<char> text)
    {
        var special = text[..Math.Min(text.Length, MostAtOnce)].IndexOfAnyExcept(Plain);
        return special < 0 ? Math.Min(text.Length, MostAtOnce) : special;
    }

    private void Ascii(ReadOnlySpan<char> text)
    {
        Ensure(text.Length);
        _ = System.Text.Ascii.FromUtf16(text, _room[_used..], out var length);
        _used += length;
    }

    private int Escape(ReadOnlySpan<char> text)
    {
        if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) != OperationStatus.Done)
            Raw(@"\ufffd"u8);
        else if (rune.IsAscii)
            EscapeAscii((byte)rune.Value);
        else if (rune.Value is 0x2028 or 0x2029)
            Raw(rune.Value == 0x2028 ? @"\u2028"u8 : @"\u2029"u8);
        else
            Verbatim(rune);
        return consumed;
    }

    private void Verbatim(Rune rune)
    {
        Ensure(4);
        _used += rune.EncodeToUtf8(_room[_used..]);
    }

    private void EscapeAscii(byte letter)
    {
        switch (letter)
        {
            case (byte)'"': Raw("\\\""u8); break;
            case (byte)'\\': Raw(@"\\"u8); break;
            case (byte)'\n': Raw(@"\n"u8); break;
            case (byte)'\r': Raw(@"\r"u8); break;
            case (byte)'\t': Raw(@"\t"u8); break;
            default:
                Raw(@"\u00"u8);
                Byte("0123456789abcdef"u8[letter >> 4]);
                Byte("0123456789abcdef"u8[letter & 15]);
                break;
        }
    }

    private void Byte(byte value)
    {
        Ensure(1);
        _room[_used++] = value;
    }

    private void Ensure(int bytes)
    {
        if (_room.Length - _used >= bytes) return;
        output.Advance(_used);
        _room = output.GetSpan(Math.Max(bytes, MostAtOnce));
        _used = 0;
    }
}
