using System.Text;

namespace Holdfast.Components.Files.Paths;

/// <summary>
/// Patterns in the configurations of other programs, which follow the C library: "[!a]" is a character that is not in a
/// set, "]" may be a set's first member, and a bracket that is not closed is an ordinary character. Source: glob(7).
/// </summary>
internal static class ShellGlob
{
    // More than occurs in practice; each pair of braces multiplies them.
    private const int MostAlternatives = 100;

    /// <summary>Expands {a,b} as shells and Ruby do; returns the first hundred patterns.</summary>
    public static IReadOnlyList<string> Braced(string pattern)
    {
        var patterns = new List<string> { pattern };
        for (var at = 0; at < patterns.Count;)
        {
            var (open, close) = (patterns[at].IndexOf('{', StringComparison.Ordinal), 0);
            if (open >= 0) close = patterns[at].IndexOf('}', open);
            if (open < 0 || close < 0 || patterns.Count >= MostAlternatives)
            {
                at++;
                continue;
            }
            // Of nested braces, the inner ones are expanded first.
            open = patterns[at].LastIndexOf('{', close);
            var (before, inside, after) = (patterns[at][..open], patterns[at][(open + 1)..close], patterns[at][(close + 1)..]);
            patterns.RemoveAt(at);
            patterns.InsertRange(at, inside.Split(',').Select(alternative => before + alternative + after));
        }
        return patterns;
    }

    /// <summary>Returns existing paths; see <see cref="Glob.Expand(string)"/>.</summary>
    public static IReadOnlyList<string> Expand(string pattern) => Glob.Expand(Translate(pattern));

    /// <summary>Translates the pattern to the syntax of <see cref="Restic.Filtering.NamePattern"/>.</summary>
    public static string Translate(string pattern)
    {
        var text = new StringBuilder(pattern.Length + 8);
        for (var i = 0; i < pattern.Length; i++)
        {
            var end = pattern[i] == '[' ? EndOfSet(pattern, i + 1) : -1;
            if (pattern[i] == '*' && i > 0 && pattern[i - 1] == '*') continue; // the C library treats two stars as one
            if (end > 0) Append(text, pattern[(i + 1)..end]);
            else if (pattern[i] == '\\' && i + 1 < pattern.Length && pattern[i + 1] != '/') text.Append(pattern[i]).Append(pattern[++i]);
            else text.Append(pattern[i] is '[' or '\\' ? "\\" : "").Append(pattern[i]);
            if (end > 0) i = end;
        }
        return text.ToString();
    }

    private static int EndOfSet(string pattern, int start)
    {
        var first = start < pattern.Length && pattern[start] is '!' or '^' ? start + 1 : start;
        var end = first + 1 < pattern.Length ? pattern.IndexOf(']', first + 1) : -1;
        return end > 0 && pattern.AsSpan(start, end - start).Contains('/') ? -1 : end;
    }

    private static void Append(StringBuilder text, string set)
    {
        var negated = set[0] is '!' or '^';
        text.Append(negated ? "[^" : "[");
        for (var i = negated ? 1 : 0; i < set.Length; i++)
        {
            AppendMember(text, set[i]);
            if (i + 2 >= set.Length || set[i + 1] != '-') continue;
            AppendMember(text.Append('-'), set[i += 2]);
        }
        text.Append(']');
    }

    private static void AppendMember(StringBuilder text, char member) => text.Append(member is '-' or ']' or '\\' or '^' ? "\\" : "").Append(member);
}
