namespace Holdfast.Restic.Filtering;

/// <summary>
/// Patterns that are read one after the other: "!" before one takes back what those before it matched.
/// Source: restic 0.14, internal/filter/filter.go, "list".
/// </summary>
public sealed class PatternList
{
    private readonly (PathPattern Pattern, bool Takes)[] _patterns;

    /// <summary>Reads the patterns.</summary>
    /// <exception cref="ResticException">Unsupported: one of them can't be read; see <see cref="PathPattern"/>.</exception>
    public PatternList(IEnumerable<string> patterns) =>
        _patterns = [.. patterns.Select(pattern => pattern is ['!', ..] ? (new PathPattern(pattern[1..]), false) : (new PathPattern(pattern), true))];

    /// <summary>True when there is no pattern at all.</summary>
    public bool IsEmpty => _patterns.Length == 0;

    /// <summary>True when the path, or a folder above it, matches.</summary>
    public bool Matches(string path) => !IsEmpty && Matches(PathPattern.NamesOf(path));

    /// <summary>The same for a path that has been cut into its names.</summary>
    public bool Matches(ReadOnlySpan<string> names)
    {
        var found = false;
        foreach (var (pattern, takes) in _patterns)
            if (takes != found && pattern.Matches(names)) found = takes;
        return found;
    }

    /// <summary>True when something below the folder may match, so that it is worth a look.</summary>
    public bool MayMatchBelow(ReadOnlySpan<string> folder)
    {
        var may = false;
        foreach (var (pattern, takes) in _patterns)
            may = takes ? may || pattern.MayMatchBelow(folder) : may && !pattern.Matches(folder);
        return may;
    }
}
