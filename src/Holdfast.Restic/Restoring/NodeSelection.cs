using Holdfast.Restic.Filtering;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// The nodes that a restore selects: all of them, or those that match include patterns, without those that match
/// exclude patterns, and without those outside the patterns that limit the restore.
/// </summary>
internal sealed class NodeSelection(IReadOnlyList<string> include, IReadOnlyList<string> exclude, IReadOnlyList<string>? within = null)
{
    private readonly PatternList _include = new(include);
    private readonly PatternList _exclude = new(exclude);
    private readonly PatternList _within = new(within ?? []);

    public NodeSelection(RestoreOptions options)
        : this(options.Include, options.Exclude, options.Within)
    {
    }

    /// <summary>True when every node is selected, so that names need not be compared.</summary>
    public bool IsEverything => _include.IsEmpty && _exclude.IsEmpty && _within.IsEmpty;

    /// <summary>Returns true when the node itself is selected.</summary>
    public bool Wants(string relativePath)
    {
        if (IsEverything) return true;
        var names = PathPattern.NamesOf(relativePath);
        return !_exclude.Matches(names) && (_include.IsEmpty || _include.Matches(names)) && (_within.IsEmpty || _within.Matches(names));
    }

    /// <summary>
    /// Returns true when something below the directory may be selected. As in restic, an excluded directory excludes
    /// everything below it.
    /// </summary>
    public bool MayWantBelow(string relativePath)
    {
        if (IsEverything) return true;
        var names = PathPattern.NamesOf(relativePath);
        return !_exclude.Matches(names) && (_include.IsEmpty || _include.MayMatchBelow(names)) && (_within.IsEmpty || _within.MayMatchBelow(names));
    }
}
