using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Queues.Redis;

/// <summary>
/// Patterns of keys as SCAN MATCH takes them: * any bytes, ? one, [a-z] and [^a-z] one of a set; a backslash takes the next byte as it is. Source: Redis'
/// manual, "KEYS".
/// </summary>
internal static class RedisGlob
{
    /// <summary>Whether a text has a character that Redis would not take as it is.</summary>
    public static bool IsPattern(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] is '*' or '?' or '[') return true;
        }
        return false;
    }

    /// <summary>The name that a text without patterns means.</summary>
    public static string Literal(string text)
    {
        var name = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length) i++;
            name.Append(text[i]);
        }
        return name.ToString();
    }

    /// <summary>A name as a pattern that fits nothing else.</summary>
    public static string Escape(string name) => PathPattern.Escape(name); // glob(7) is both

    /// <summary>Whether a key fits. It takes time in proportion to the lengths multiplied, however many stars there are.</summary>
    public static bool Fits(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> key)
    {
        var (at, from, star, retry) = (0, 0, -1, 0);
        while (from < key.Length)
        {
            if (at < pattern.Length && pattern[at] == (byte)'*')
            {
                (star, retry) = (at, from);
                at++;
            }
            else if (at < pattern.Length && FitsOne(pattern[at..], key[from], out var used)) (at, from) = (at + used, from + 1);
            else if (star >= 0) (at, from) = (star + 1, ++retry);
            else return false;
        }
        while (at < pattern.Length && pattern[at] == (byte)'*') at++;
        return at == pattern.Length;
    }

    private static bool FitsOne(ReadOnlySpan<byte> pattern, byte value, out int used)
    {
        used = 1;
        if (pattern[0] == (byte)'?') return true;
        if (pattern[0] == (byte)'[') return FitsSet(pattern, value, out used);
        if (pattern[0] != (byte)'\\' || pattern.Length == 1) return pattern[0] == value;
        used = 2;
        return pattern[1] == value;
    }

    private static bool FitsSet(ReadOnlySpan<byte> pattern, byte value, out int used)
    {
        var at = 1;
        var isNegated = at < pattern.Length && pattern[at] == (byte)'^';
        if (isNegated) at++;
        var isFound = false;
        for (; at < pattern.Length && pattern[at] != (byte)']'; at++)
        {
            if (pattern[at] == (byte)'\\' && at + 1 < pattern.Length) isFound |= pattern[++at] == value;
            else if (at + 2 < pattern.Length && pattern[at + 1] == (byte)'-')
            {
                isFound |= value >= Math.Min(pattern[at], pattern[at + 2]) && value <= Math.Max(pattern[at], pattern[at + 2]);
                at += 2;
            }
            else isFound |= pattern[at] == value;
        }
        used = Math.Min(at + 1, pattern.Length);
        return isFound != isNegated;
    }
}
