namespace Holdfast.Restic.Restoring;

/// <summary>Patterns for one name: * ? [a-z] [^a-z] and \ before a letter that means itself. Source: Go, path/filepath, "Match".</summary>
internal static class NamePattern
{
    /// <summary>True when every bracket is closed and no escape is last.</summary>
    public static bool IsWhole(string pattern)
    {
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\' && ++i == pattern.Length) return false;
            if (pattern[i] != '[') continue;
            i = EndOfClass(pattern, i);
            if (i < 0) return false;
        }
        return true;
    }

    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*') return MatchesStar(pattern.TrimStart('*'), name);
            if (name.IsEmpty || !MatchesOne(ref pattern, name[0])) return false;
            name = name[1..];
        }
        return name.IsEmpty;
    }

    private static bool MatchesStar(ReadOnlySpan<char> rest, ReadOnlySpan<char> name)
    {
        for (var skipped = 0; skipped <= name.Length; skipped++)
            if (Matches(rest, name[skipped..])) return true;
        return false;
    }

    private static bool MatchesOne(ref ReadOnlySpan<char> pattern, char letter)
    {
        var first = pattern[0];
        if (first == '[') return MatchesClass(ref pattern, letter);
        var escaped = first == '\\' && pattern.Length > 1;
        var fits = escaped ? pattern[1] == letter : first == '?' || first == letter;
        pattern = pattern[(escaped ? 2 : 1)..];
        return fits;
    }

    private static bool MatchesClass(ref ReadOnlySpan<char> pattern, char letter)
    {
        var end = EndOfClass(pattern, 0);
        var members = pattern[1..end];
        pattern = pattern[(end + 1)..];
        var negated = members is ['^', ..];
        if (negated) members = members[1..];
        var found = false;
        while (!members.IsEmpty)
        {
            var low = Member(ref members);
            var high = low;
            if (members is ['-', _, ..])
            {
                members = members[1..];
                high = Member(ref members);
            }
            found |= low <= letter && letter <= high;
        }
        return found != negated;
    }

    private static char Member(ref ReadOnlySpan<char> members)
    {
        if (members is ['\\', _, ..]) members = members[1..];
        var member = members[0];
        members = members[1..];
        return member;
    }

    // The closing bracket, or -1. A class has one member at least, so the first one may not close it.
    private static int EndOfClass(ReadOnlySpan<char> pattern, int start)
    {
        var i = start + 1;
        if (i < pattern.Length && pattern[i] == '^') i++;
        for (var first = i; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\') i++;
            else if (pattern[i] == ']' && i > first) return i;
        }
        return -1;
    }
}
