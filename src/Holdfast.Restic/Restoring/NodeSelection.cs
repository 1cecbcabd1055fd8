using Holdfast.Restic.Filtering;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Which nodes a restore is about: all of them, or those that include patterns match, without those that exclude patterns match, and without
/// what lies outside of where a restore stays within.
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

    /// <summary>True when every node is wanted, so that nobody needs to look at names.</summary>
    public bool IsEverything => _include.IsEmpty && _exclude.IsEmpty && _within.IsEmpty;

    /// <summary>True when the node is wanted itself.</summary>
    public bool Wants(string relativePath)
    {
        if (IsEverything) return true;
        var names = PathPattern.NamesOf(relativePath);
        return !_exclude.Matches(names) && (_include.IsEmpty || _include.Matches(names)) && (_within.IsEmpty || _within.Matches(names));
    }

    /// <summary>True when something below the folder may be wanted. As in restic, an excluded folder takes all below it along.</summary>
    public bool MayWantBelow(string relativePath)
    {
        if (IsEverything) return true;
        var names = PathPattern.NamesOf(relativePath);
        return !_exclude.Matches(names) && (_include.IsEmpty || _include.MayMatchBelow(names)) && (_within.IsEmpty || _within.MayMatchBelow(names));
    }
}
