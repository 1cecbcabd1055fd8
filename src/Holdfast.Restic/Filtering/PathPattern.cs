namespace Holdfast.Restic.Filtering;

/// <summary>
/// A pattern for paths with restic's semantics: the text between two slashes is a <see cref="NamePattern"/>, ** matches
/// any number of directories, including none; a pattern that begins with a slash is anchored at the root, any other may
/// begin at any directory. A match includes everything below it. Source: restic 0.14, internal/filter/filter.go.
/// </summary>
public sealed class PathPattern
{
    // Null matches any number of directories. A pattern that is not anchored begins with one.
    private readonly NamePattern?[] _parts;

    /// <summary>Parses a pattern; a leading "!" is handled by <see cref="PatternList"/>.</summary>
    /// <exception cref="ResticException">Unsupported: the pattern is empty, a set in it is not closed, or a backslash is last.</exception>
    public PathPattern(string pattern)
    {
        if (pattern.Length == 0) throw new ResticException(ResticError.Unsupported, "A pattern is empty.");
        try
        {
            var parts = Clean(pattern).Select(part => part is "**" ? null : new NamePattern(part));
            _parts = [.. IsAnchored(pattern) ? parts : parts.Prepend(null)];
        }
        catch (ResticException mistake)
        {
            throw new ResticException(ResticError.Unsupported, $"The pattern '{pattern}' cannot be read: {mistake.Message}.", mistake);
        }
    }

    /// <summary>Returns a pattern that matches only this name.</summary>
    public static string Escape(string name) =>
        string.Concat(name.Select(character => character is '*' or '?' or '[' or ']' or '\\' ? $"\\{character}" : $"{character}"));

    /// <summary>
    /// Splits a path into its names, the form that the methods here take, so that it is split once for many patterns.
    /// </summary>
    public static string[] NamesOf(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Returns true when the path, given as its names from the root, or a directory above it matches.
    /// </summary>
    public bool Matches(ReadOnlySpan<string> names)
    {
        // As in NamePattern: only the last ** needs to try more directories. Remaining names are below the match.
        var (part, afterDeep, from, at) = (0, -1, 0, 0);
        while (part < _parts.Length)
        {
            if (_parts[part] is not { } pattern)
                (afterDeep, from) = (++part, at);
            else if (at < names.Length && pattern.Matches(names[at]))
                (part, at) = (part + 1, at + 1);
            else if (afterDeep < 0 || from == names.Length)
                return false;
            else
                (part, at) = (afterDeep, ++from);
        }
        return true;
    }

    /// <summary>Returns true when something below the directory may match, so that it must be visited.</summary>
    public bool MayMatchBelow(ReadOnlySpan<string> folder)
    {
        for (var i = 0; i < folder.Length && i < _parts.Length; i++)
        {
            if (_parts[i] is not { } pattern) return true;
            if (!pattern.Matches(folder[i])) return false;
        }
        return true;
    }

    private static bool IsAnchored(string pattern) => pattern[0] == '/';

    // Go's filepath.Clean, by which "./a//b/../c/" is "a/c".
    private static List<string> Clean(string pattern)
    {
        var parts = new List<string>();
        foreach (var part in NamesOf(pattern).Where(part => part is not "."))
        {
            if (part is not "..") parts.Add(part);
            else if (parts.Count > 0 && parts[^1] is not "..") parts.RemoveAt(parts.Count - 1);
            else if (!IsAnchored(pattern)) parts.Add(part);
        }
        // No name is a dot: "." matches nothing, as in restic.
        return parts.Count == 0 && !IsAnchored(pattern) ? ["."] : parts;
    }
}
