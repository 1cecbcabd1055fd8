using System.Globalization;
using System.Text;

namespace Holdfast.Cli.Text;

/// <summary>
/// Makes text from outside (file names, servers' messages) safe to show: control characters, escape sequences, bidirectional
/// overrides and bytes that are not UTF-8 are written as escapes, so that a name can neither move the cursor nor fake a line.
/// </summary>
internal static class Printable
{
    /// <summary>A sentence or a line that may contain foreign text. Everything harmless stays as it is.</summary>
    public static string Text(string text) => Array.TrueForAll(text.ToCharArray(), IsPlain) ? text : Escape(text, quoted: false);

    /// <summary>A text of many lines: they stay, and tabs.</summary>
    public static string Document(string text)
    {
        return string.Join('\n', text.Split('\n').Select(Line));

        static string Line(string line) => string.Join('\t', line.Split('\t').Select(Text));
    }

    /// <summary>
    /// A name on its own. When anything must be escaped it is put in quotes, and backslashes are doubled, so that it
    /// can be read back. (Every escape is longer than the character that it replaces.)
    /// </summary>
    public static string Name(string name) => Text(name).Length == name.Length ? name : $"\"{Escape(name, quoted: true)}\"";

    private static bool IsPlain(char character) => character is >= ' ' and <= '~';

    private static string Escape(string text, bool quoted)
    {
        var escaped = new StringBuilder(text.Length + 16);
        for (var at = 0; at < text.Length;)
        {
            var whole = Rune.TryGetRuneAt(text, at, out var rune);
            if (whole) AppendRune(escaped, rune, quoted);
            else AppendStray(escaped, text[at]);
            at += whole ? rune.Utf16SequenceLength : 1;
        }
        return escaped.ToString();
    }

    private static void AppendRune(StringBuilder escaped, Rune rune, bool quoted)
    {
        if (quoted && rune.Value is '"' or '\\') escaped.Append('\\').Append((char)rune.Value);
        else if (rune.Value == '\n') escaped.Append("\\n");
        else if (rune.Value == '\t') escaped.Append("\\t");
        else if (rune.Value == '\r') escaped.Append("\\r");
        else if (!IsHarmful(rune)) escaped.Append(rune.ToString());
        else escaped.Append(rune.Value < 0x80 ? $"\\x{rune.Value:x2}" : $"\\u{{{rune.Value:x}}}");
    }

    private static bool IsHarmful(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned;

    /// <summary>U+DC80 to U+DCFF carry a byte of a name that is not UTF-8.</summary>
    private static void AppendStray(StringBuilder escaped, char surrogate) =>
        escaped.Append(surrogate is >= '\uDC80' and <= '\uDCFF' ? $"\\x{surrogate - 0xDC00:x2}" : $"\\u{{{(int)surrogate:x}}}");
}
