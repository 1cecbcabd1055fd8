using System.Text;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Cuts nginx' configuration language into directives: words up to a semicolon or a brace, quotes and comments heeded.</summary>
internal static class NginxText
{
    /// <summary>Every directive of a text, in order; blocks are no matter, only what stands in them.</summary>
    public static IEnumerable<IReadOnlyList<string>> Directives(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at])) at++;
            else if (text[at] == '#') at = EndOfLine(text, at);
            else if (text[at] is ';' or '{' or '}')
            {
                if (words.Count > 0) yield return words;
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

    // "${name}" is a variable, so that its braces do not end the word.
    private static string Bare(string text, ref int at)
    {
        var start = at;
        for (; at < text.Length && !char.IsWhiteSpace(text[at]) && text[at] is not (';' or '{' or '}'); at++)
            if (text[at] == '$' && at + 1 < text.Length && text[at + 1] == '{' && text.IndexOf('}', at) is > 0 and var end) at = end;
        return text[start..Math.Min(at, text.Length)];
    }
}
