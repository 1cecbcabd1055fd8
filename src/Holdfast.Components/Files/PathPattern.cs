namespace Holdfast.Components.Files;

/// <summary>
/// A pattern of paths, as restic reads excludes: parts between slashes are wildcards, ** is any number of folders. One
/// that begins with a slash counts from the root; any other may match anywhere. What it matches, it matches with all below.
/// Source: restic 0.14, doc/040_backup.rst, "Excluding Files".
/// </summary>
internal sealed class PathPattern
{
    private readonly string[] _parts;
    private readonly bool _fromRoot;

    public PathPattern(string pattern)
    {
        _fromRoot = pattern.StartsWith('/');
        _parts = NamesOf(pattern);
    }

    /// <summary>A path as <see cref="Matches(ReadOnlySpan{string})"/> takes it, so that it is cut once for many patterns.</summary>
    public static string[] NamesOf(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>True when the path, or a folder above it, matches.</summary>
    public bool Matches(string path) => Matches(NamesOf(path));

    /// <summary>The same for a path that has been cut into its names.</summary>
    public bool Matches(ReadOnlySpan<string> names)
    {
        if (_fromRoot) return Matches(_parts, names);
        for (var first = 0; first < names.Length; first++)
            if (Matches(_parts, names[first..])) return true;
        return false;
    }

    private static bool Matches(ReadOnlySpan<string> parts, ReadOnlySpan<string> names)
    {
        if (parts.IsEmpty) return true;
        if (parts[0] is "**")
            return Matches(parts[1..], names) || (!names.IsEmpty && Matches(parts, names[1..]));
        return !names.IsEmpty && Wildcard.Matches(parts[0], names[0]) && Matches(parts[1..], names[1..]);
    }
}
