using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Holdfast.Components.Queues.Archives;

/// <summary>
/// Any bytes as a property of a line of JSON: "text" when they are UTF-8 and few of them need an escape, else "base64". It takes bytes of any number in small
/// pieces, which <see cref="Utf8JsonWriter"/> does not.
/// </summary>
internal static class LineText
{
    /// <summary>Bytes that are written at once; a multiple of three, so that base64 has no padding in the middle.</summary>
    private const int Piece = 48 << 10;

    private static readonly SearchValues<byte> _escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(value => (byte)value), (byte)'"', (byte)'\\']);

    /// <summary>Writes a comma, the property's name and the bytes.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes) && IsMostlyPlain(bytes)) WriteText(output, bytes);
        else WriteBase64(output, ",\"base64\":\""u8, bytes);
    }

    /// <summary>Writes bytes as base64 behind a property's name with its quotes.</summary>
    public static void WriteBase64(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        output.Write(name);
        for (; bytes.Length > 0; bytes = bytes[Math.Min(Piece, bytes.Length)..])
        {
            var piece = bytes[..Math.Min(Piece, bytes.Length)];
            Base64.EncodeToUtf8(piece, output.GetSpan(Base64.GetMaxEncodedToUtf8Length(piece.Length)), out _, out var written);
            output.Advance(written);
        }
        output.Write("\""u8);
    }

    /// <summary>The bytes of the text token at the reader's position.</summary>
    public static ReadOnlyMemory<byte> Text(in Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.String) throw new FormatException("a text is missing");
        var text = GC.AllocateUninitializedArray<byte>(json.ValueSpan.Length);
        return text.AsMemory(0, json.CopyString(text));
    }

    private static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        output.Write(",\"text\":\""u8);
        while (true)
        {
            var at = bytes.IndexOfAny(_escaped);
            if (at < 0) break;
            output.Write(bytes[..at]);
            Escape(output, bytes[at]);
            bytes = bytes[(at + 1)..];
        }
        output.Write(bytes);
        output.Write("\""u8);
    }

    private static void Escape(IBufferWriter<byte> output, byte value)
    {
        switch (value)
        {
            case (byte)'"': output.Write("\\\""u8); break;
            case (byte)'\\': output.Write("\\\\"u8); break;
            case (byte)'\n': output.Write("\\n"u8); break;
            case (byte)'\r': output.Write("\\r"u8); break;
            case (byte)'\t': output.Write("\\t"u8); break;
            default:
                output.Write(value < 0x10 ? "\\u000"u8 : "\\u001"u8);
                output.Write([(byte)"0123456789abcdef"[value & 0xf]]);
                break;
        }
    }

    /// <summary>Control characters take six bytes each: where they are many, base64 is shorter.</summary>
    private static bool IsMostlyPlain(ReadOnlySpan<byte> bytes)
    {
        var controls = 0L;
        foreach (var value in bytes)
            if (value < 0x20) controls++;
        return controls <= 32 || controls * 15 <= bytes.Length;
    }
}
