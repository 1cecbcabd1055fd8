using System.Text;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Splits line-based configurations: words between white space, in single or double quotes or with backslashes, up to a
/// comment.
/// </summary>
internal static class LineWords
{
    /// <summary>
    /// Returns the words of each line that has any. A backslash at the end of a line joins it with the next.
    /// </summary>
    public static IEnumerable<IReadOnlyList<string>> Of(string text)
    {
        var rest = "";
        foreach (var read in text.Split('\n'))
        {
            var line = rest + read.TrimEnd('\r');
            rest = "";
            if (line.EndsWith('\\') && line.Length < LongestLine)
            {
                rest = line[..^1] + " ";
                continue;
            }
            if (Split(line) is { Count: > 0 } words) yield return words;
        }
        if (Split(rest) is { Count: > 0 } last) yield return last;
    }

    // Longer lines are not written by hand, and joining many would be slow.
    private const int LongestLine = 64 << 10;

    /// <summary>Returns the words of one line.</summary>
    public static IReadOnlyList<string> Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (isIn, quote) = (false, '\0');
        for (var at = 0; at < line.Length; at++)
        {
            var character = line[at];
            if (quote != '\0' && character == quote) quote = '\0';
            else if (character == '\\' && quote != '\'' && at + 1 < line.Length) word.Append(line[++at]);
            else if (quote != '\0') word.Append(character);
            else if (character is '"' or '\'') (isIn, quote) = (true, character);
            else if (character == '#' && word.Length == 0) break;
            else if (!char.IsWhiteSpace(character)) word.Append(character);
            else End();
        }
        End();
        return words;

        void End()
        {
            if (isIn || word.Length > 0) words.Add(word.ToString());
            word.Clear();
            isIn = false;
        }
    }
}
