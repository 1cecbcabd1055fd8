namespace Holdfast.Restic.Restoring;

/// <summary>
/// One pattern as restic understands it: "*", "?" and "[a-z]" within a name, "**" for any number of folders, a leading "/" for the
/// restored root; without it the pattern may begin at any folder. What lies below a match matches too.
/// Source: restic 0.14, internal/filter/filter.go.
/// </summary>
internal sealed class PathPattern
{
    private readonly string[] _parts;
    private readonly bool _anchored;

    /// <exception cref="ResticException">Unsupported: a bracket that is not closed, or nothing at all.</exception>
    public PathPattern(string pattern)
    {
        IsNegated = pattern.StartsWith('!');
        var text = IsNegated ? pattern[1..] : pattern;
        _anchored = text.StartsWith('/');
        _parts = text.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if ((_parts.Length == 0 && !_anchored) || !_parts.All(NamePattern.IsWhole))
            throw new ResticException(ResticError.Unsupported, $"The pattern '{pattern}' cannot be read: a bracket is not closed, or it is empty.");
    }

    /// <summary>True for "!pattern", which takes back what patterns before it matched.</summary>
    public bool IsNegated { get; }

    /// <summary>True when the path, given as its names from the root, or a folder above it matches.</summary>
    public bool Matches(ReadOnlySpan<string> names)
    {
        for (var start = 0; start <= (_anchored ? 0 : names.Length); start++)
            if (MatchesAt(_parts, names[start..])) return true;
        return false;
    }

    /// <summary>True when something below the folder may match, so that it is worth a look.</summary>
    public bool MayMatchBelow(ReadOnlySpan<string> folder)
    {
        if (!_anchored) return true;
        for (var i = 0; i < folder.Length && i < _parts.Length; i++)
        {
            if (_parts[i] == "**") return true;
            if (!NamePattern.Matches(_parts[i], folder[i])) return false;
        }
        return true;
    }

    private static bool MatchesAt(ReadOnlySpan<string> parts, ReadOnlySpan<string> names)
    {
        if (parts.IsEmpty) return true;
        if (parts[0] == "**")
        {
            for (var skipped = 0; skipped <= names.Length; skipped++)
                if (MatchesAt(parts[1..], names[skipped..])) return true;
            return false;
        }
        return !names.IsEmpty && NamePattern.Matches(parts[0], names[0]) && MatchesAt(parts[1..], names[1..]);
    }
}
