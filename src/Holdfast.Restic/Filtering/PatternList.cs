namespace Holdfast.Restic.Filtering;

/// <summary>
/// Patterns that are evaluated in sequence: a leading "!" excludes what earlier patterns matched. Source: restic 0.14,
/// internal/filter/filter.go, "list".
/// </summary>
public sealed class PatternList
{
    private readonly (PathPattern Pattern, bool Takes)[] _patterns;

    /// <summary>Parses the patterns.</summary>
    /// <exception cref="ResticException">
    /// Unsupported: one of them is not valid; see <see cref="PathPattern"/>.
    /// </exception>
    public PatternList(IEnumerable<string> patterns) =>
        _patterns = [.. patterns.Select(pattern => pattern is ['!', ..] ? (new PathPattern(pattern[1..]), false) : (new PathPattern(pattern), true))];

    /// <summary>True when there are no patterns.</summary>
    public bool IsEmpty => _patterns.Length == 0;

    /// <summary>Returns true when the path, or a directory above it, matches.</summary>
    public bool Matches(string path) => !IsEmpty && Matches(PathPattern.NamesOf(path));

    /// <summary>Returns true when the path, given as its names, or a directory above it, matches.</summary>
    public bool Matches(ReadOnlySpan<string> names)
    {
        var found = false;
        foreach (var (pattern, takes) in _patterns)
            if (takes != found && pattern.Matches(names)) found = takes;
        return found;
    }

    /// <summary>Returns true when something below the directory may match, so that it must be visited.</summary>
    public bool MayMatchBelow(ReadOnlySpan<string> folder)
    {
        var may = false;
        foreach (var (pattern, takes) in _patterns)
            may = takes ? may || pattern.MayMatchBelow(folder) : may && !pattern.Matches(folder);
        return may;
    }
}
