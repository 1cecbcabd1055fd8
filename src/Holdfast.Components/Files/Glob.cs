using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files;

/// <summary>
/// The paths on disk that a pattern stands for. A plain path stands for itself when it exists. ** goes through folders,
/// but not through links, and not into the data directories of databases: those are never matched piece by piece.
/// </summary>
internal static class Glob
{
    /// <summary>Existing paths, sorted by folder; empty when there are none.</summary>
    public static IReadOnlyList<string> Expand(string pattern)
    {
        var found = new List<string>();
        Expand("", pattern.Split('/', StringSplitOptions.RemoveEmptyEntries), found);
        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The part of a pattern that is plain: the path itself, or the folder that has to be listed first.</summary>
    public static string PlainPartOf(string pattern)
    {
        var plain = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries).TakeWhile(part => !NamePattern.IsIn(part));
        return '/' + string.Join('/', plain);
    }

    private static void Expand(string folder, ReadOnlySpan<string> parts, List<string> found)
    {
        if (parts.IsEmpty)
            AddExisting(folder.Length == 0 ? "/" : folder, found);
        else if (parts[0] is "**")
            ExpandDeep(folder, parts.Length == 1 ? ["*"] : parts[1..], found);
        else if (!NamePattern.IsIn(parts[0]))
            Expand($"{folder}/{parts[0]}", parts[1..], found);
        else
            ExpandNames(folder, new NamePattern(parts[0]), parts[1..], found);
    }

    private static void ExpandNames(string folder, NamePattern pattern, ReadOnlySpan<string> rest, List<string> found)
    {
        foreach (var name in Disk.Names(folder + "/"))
            if (pattern.Matches(name)) Expand($"{folder}/{name}", rest, found);
    }

    private static void ExpandDeep(string folder, ReadOnlySpan<string> rest, List<string> found)
    {
        Expand(folder, rest, found);
        // A folder matched by a last * is taken with all below it, so that there is nothing to find deeper.
        if (rest is ["*"]) return;
        foreach (var name in Disk.Names(folder + "/"))
        {
            var below = $"{folder}/{name}";
            if (Disk.IsFolder(below) && DataDirectory.Recognise(below) is null) ExpandDeep(below, rest, found);
        }
    }

    private static void AddExisting(string path, List<string> found)
    {
        if (Disk.TypeOf(path) is not null) found.Add(path);
    }
}
