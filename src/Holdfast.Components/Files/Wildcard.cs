namespace Holdfast.Components.Files;

/// <summary>
/// One name against one part of a pattern: * is any run of characters, ? is one, [a-z] one of a set, [!a-z] or [^a-z]
/// one that is not in it; a backslash takes the next character as it is. Names that begin with a dot are nothing special.
/// </summary>
internal static class Wildcard
{
    /// <summary>True when a pattern has anything but plain characters.</summary>
    public static bool IsIn(ReadOnlySpan<char> pattern) => pattern.IndexOfAny("*?[\\") >= 0;

    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*') return MatchesRun(pattern.TrimStart('*'), name);
            if (name.IsEmpty || !MatchesOne(ref pattern, name[0])) return false;
            name = name[1..];
        }
        return name.IsEmpty;
    }

    private static bool MatchesRun(ReadOnlySpan<char> rest, ReadOnlySpan<char> name)
    {
        for (var skipped = 0; skipped <= name.Length; skipped++)
            if (Matches(rest, name[skipped..])) return true;
        return false;
    }

    private static bool MatchesOne(ref ReadOnlySpan<char> pattern, char one)
    {
        if (pattern[0] == '[' && EndOfSet(pattern) is > 0 and var end)
        {
            var inside = IsInSet(pattern[1..end], one);
            pattern = pattern[(end + 1)..];
            return inside;
        }
        if (pattern[0] == '\\' && pattern.Length > 1) pattern = pattern[1..];
        else if (pattern[0] == '?') one = '?';
        var same = pattern[0] == one;
        pattern = pattern[1..];
        return same;
    }

    // A bracket right after the opening one (or its negation) belongs to the set. Without an end it is a plain bracket.
    private static int EndOfSet(ReadOnlySpan<char> pattern)
    {
        var first = pattern.Length > 1 && pattern[1] is ('!' or '^') ? 2 : 1;
        var found = pattern.Length > first + 1 ? pattern[(first + 1)..].IndexOf(']') : -1;
        return found < 0 ? -1 : first + 1 + found;
    }

    private static bool IsInSet(ReadOnlySpan<char> set, char one)
    {
        var negated = set[0] is '!' or '^';
        if (negated) set = set[1..];
        for (var i = 0; i < set.Length; i++)
        {
            var isRange = i + 2 < set.Length && set[i + 1] == '-';
            if (isRange ? set[i] <= one && one <= set[i + 2] : set[i] == one) return !negated;
            if (isRange) i += 2;
        }
        return negated;
    }
}
