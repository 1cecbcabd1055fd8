namespace Holdfast.Restic.Restoring;

/// <summary>Which nodes a restore is about: all of them, or those that include patterns match, without those that exclude patterns match.</summary>
internal sealed class NodeSelection(IReadOnlyList<string> include, IReadOnlyList<string> exclude)
{
    private readonly PathPattern[] _include = [.. include.Select(pattern => new PathPattern(pattern))];
    private readonly PathPattern[] _exclude = [.. exclude.Select(pattern => new PathPattern(pattern))];

    /// <summary>True when every node is wanted, so that nobody needs to look at names.</summary>
    public bool IsEverything => _include.Length == 0 && _exclude.Length == 0;

    /// <summary>True when the node is wanted itself.</summary>
    public bool Wants(string relativePath)
    {
        if (IsEverything) return true;
        var names = Names(relativePath);
        return !Found(_exclude, names) && (_include.Length == 0 || Found(_include, names));
    }

    /// <summary>True when something below the folder may be wanted.</summary>
    public bool MayWantBelow(string relativePath)
    {
        if (IsEverything) return true;
        var names = Names(relativePath);
        if (Found(_exclude, names) && !_exclude.Any(pattern => pattern.IsNegated)) return false;
        return _include.Length == 0 || Found(_include, names) || _include.Any(pattern => pattern.MayMatchBelow(names));
    }

    private static string[] Names(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static bool Found(PathPattern[] patterns, string[] names)
    {
        var found = false;
        foreach (var pattern in patterns)
            if (pattern.IsNegated == found && pattern.Matches(names)) found = !pattern.IsNegated;
        return found;
    }
}
