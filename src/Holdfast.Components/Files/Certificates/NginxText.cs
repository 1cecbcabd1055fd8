using System.Text;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Splits nginx's configuration language into directives: words up to a semicolon or a brace, with support for quotes
/// and comments.
/// </summary>
internal static class NginxText
{
    // The longest name of a variable, which bounds the search for its end.
    private const int LongestName = 256;

    /// <summary>
    /// Returns every directive of a text, in order: its words, and what ended it (';', or '{' for a block). The end of
    /// a block is '}' alone.
    /// </summary>
    public static IEnumerable<(IReadOnlyList<string> Words, char End)> Directives(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at])) at++;
            else if (text[at] == '#') at = EndOfLine(text, at);
            else if (text[at] is ';' or '{' or '}')
            {
                if (words.Count > 0) yield return (words, text[at] == '{' ? '{' : ';');
                if (text[at] == '}') yield return ([], '}');
                words = [];
                at++;
            }
            else words.Add(text[at] is '"' or '\'' ? Quoted(text, ref at) : Bare(text, ref at));
        }
    }

    private static int EndOfLine(string text, int at) => text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;

    private static string Quoted(string text, ref int at)
    {
        var word = new StringBuilder();
        var quote = text[at++];
        for (; at < text.Length && text[at] != quote; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length) at++;
            word.Append(text[at]);
        }
        at++;
        return word.ToString();
    }

    // "${name}" is a variable, so its braces do not end the word.
    private static string Bare(string text, ref int at)
    {
        var start = at;
        for (; at < text.Length && !char.IsWhiteSpace(text[at]) && text[at] is not (';' or '{' or '}'); at++)
            if (text[at] == '$' && at + 1 < text.Length && text[at + 1] == '{' && text.AsSpan(at, Math.Min(LongestName, text.Length - at)).IndexOf('}') is > 0 and var end) at += end;
        return text[start..Math.Min(at, text.Length)];
    }
}
