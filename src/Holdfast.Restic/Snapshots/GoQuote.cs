using System.Globalization;
using System.Text;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// Escapes as Go's strconv.Quote does, the form of names in trees: characters that are not printable are escaped, a
/// stray byte becomes \xNN. Printable characters are those of Unicode 13 (Go 1.19, which restic 0.14 is built with).
/// </summary>
internal static class GoQuote
{
    /// <summary>Returns the name with escapes, without quotes around it.</summary>
    public static string Quote(ReadOnlySpan<char> name)
    {
        var text = new StringBuilder(name.Length + 16);
        while (!name.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(name, out var rune, out var consumed) == System.Buffers.OperationStatus.Done)
                Append(text, rune);
            else if (FileName.IsStrayByte(name[0]))
                text.Append(CultureInfo.InvariantCulture, $@"\x{name[0] & 0xFF:x2}");
            else
                Append(text, Rune.ReplacementChar);
            name = name[consumed..];
        }
        return text.ToString();
    }

    /// <summary>Reads what <see cref="Quote"/> wrote, in UTF-8; false when an escape is not valid in Go.</summary>
    public static bool TryUnquote(ReadOnlySpan<byte> quoted, out string name)
    {
        name = "";
        var escape = quoted.IndexOf((byte)'\\');
        if (escape < 0)
        {
            name = FileName.Decode(quoted);
            return true;
        }
        Span<byte> bytes = quoted.Length <= 1024 ? stackalloc byte[1024] : new byte[quoted.Length]; // unquoting never lengthens
        var length = 0;
        for (; escape >= 0; escape = quoted.IndexOf((byte)'\\'))
        {
            quoted[..escape].CopyTo(bytes[length..]);
            length += escape;
            quoted = quoted[escape..];
            if (!ReadEscape(ref quoted, bytes[length..], out var written)) return false;
            length += written;
        }
        quoted.CopyTo(bytes[length..]);
        name = FileName.Decode(bytes[..(length + quoted.Length)]);
        return true;
    }

    private static void Append(StringBuilder text, Rune rune)
    {
        if (rune.Value is '"' or '\\')
            text.Append('\\').Append((char)rune.Value);
        else if (GoPrintable.IsPrintable(rune))
            text.Append(rune.ToString());
        else if ("\a\b\f\n\r\t\v".IndexOf((char)rune.Value, StringComparison.Ordinal) is var letter and >= 0 && rune.IsAscii)
            text.Append('\\').Append("abfnrtv"[letter]);
        else if (rune.Value < ' ' || rune.Value == 0x7F)
            text.Append(CultureInfo.InvariantCulture, $@"\x{rune.Value:x2}");
        else if (rune.IsBmp)
            text.Append(CultureInfo.InvariantCulture, $@"\u{rune.Value:x4}");
        else
            text.Append(CultureInfo.InvariantCulture, $@"\U{rune.Value:x8}");
    }

    // The escapes of a Go string literal: \a..\v, \\, \", \', \xNN, \NNN (octal), \uNNNN and \UNNNNNNNN.
    private static bool ReadEscape(ref ReadOnlySpan<byte> quoted, scoped Span<byte> bytes, out int written)
    {
        written = 0;
        if (quoted.Length < 2) return false;
        var letter = quoted[1];
        var plain = @"abfnrtv\""'"u8.IndexOf(letter);
        if (plain >= 0)
        {
            bytes[0] = "\a\b\f\n\r\t\v\\\"'"u8[plain];
            quoted = quoted[2..];
            written = 1;
            return true;
        }
        return letter switch
        {
            (byte)'x' => ReadNumber(ref quoted, 2, 2, 16, bytes, out written),
            (byte)'u' => ReadNumber(ref quoted, 2, 4, 16, bytes, out written),
            (byte)'U' => ReadNumber(ref quoted, 2, 8, 16, bytes, out written),
            >= (byte)'0' and <= (byte)'7' => ReadNumber(ref quoted, 1, 3, 8, bytes, out written),
            _ => false,
        };
    }

    private static bool ReadNumber(ref ReadOnlySpan<byte> quoted, int at, int digits, uint radix, scoped Span<byte> bytes, out int written)
    {
        written = 0;
        if (quoted.Length < at + digits) return false;
        uint value = 0;
        foreach (var digit in quoted.Slice(at, digits))
        {
            if (!char.IsAsciiHexDigit((char)digit)) return false;
            var one = (uint)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
            if (one >= radix) return false;
            value = (value * radix) + one;
        }
        quoted = quoted[(at + digits)..];
        return digits <= 3 ? StoreByte(value, bytes, out written) : StoreRune(value, bytes, out written);
    }

    private static bool StoreByte(uint value, Span<byte> bytes, out int written)
    {
        bytes[0] = (byte)value;
        written = 1;
        return value <= 0xFF;
    }

    private static bool StoreRune(uint value, Span<byte> bytes, out int written)
    {
        written = 0;
        if (!Rune.TryCreate(value, out var rune)) return false;
        written = rune.EncodeToUtf8(bytes);
        return true;
    }
}
