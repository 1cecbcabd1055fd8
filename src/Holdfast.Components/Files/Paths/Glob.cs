using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files.Paths;

/// <summary>
/// The paths on disk that a pattern stands for. A plain path stands for itself when it exists. ** goes through folders,
/// but not through links, and not into the data directories of databases: those are never matched piece by piece.
/// </summary>
internal static class Glob
{
    /// <summary>Existing paths, sorted by folder; empty when there are none.</summary>
    public static IReadOnlyList<string> Expand(string pattern) => Expand(pattern, int.MaxValue);

    /// <summary>The same for a pattern that is not the profile's: it goes through so many folders at most.</summary>
    /// <exception cref="InvalidDataException">It would go through more.</exception>
    public static IReadOnlyList<string> Expand(string pattern, int mostFolders)
    {
        var found = new Found(mostFolders);
        Expand("", pattern.Split('/', StringSplitOptions.RemoveEmptyEntries), found);
        return [.. found.Paths.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The part of a pattern that is plain: the path itself, or the folder that has to be listed first.</summary>
    public static string PlainPartOf(string pattern)
    {
        var plain = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries).TakeWhile(part => !NamePattern.IsIn(part));
        return '/' + string.Join('/', plain);
    }

    private static void Expand(string folder, ReadOnlySpan<string> parts, Found found)
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

    private static void ExpandNames(string folder, NamePattern pattern, ReadOnlySpan<string> rest, Found found)
    {
        foreach (var name in found.NamesIn(folder))
            if (pattern.Matches(name)) Expand($"{folder}/{name}", rest, found);
    }

    private static void ExpandDeep(string folder, ReadOnlySpan<string> rest, Found found)
    {
        Expand(folder, rest, found);
        // A folder matched by a last * is taken with all below it, so that there is nothing to find deeper.
        if (rest is ["*"]) return;
        foreach (var name in found.NamesIn(folder))
        {
            var below = $"{folder}/{name}";
            if (Disk.IsFolder(below) && DataDirectory.Recognise(below) is null) ExpandDeep(below, rest, found);
        }
    }

    private static void AddExisting(string path, Found found)
    {
        if (Disk.TypeOf(path) is not null) found.Paths.Add(path);
    }

    private sealed class Found(int mostFolders)
    {
        private int _folders;

        public List<string> Paths { get; } = [];

        public IReadOnlyList<string> NamesIn(string folder) =>
            ++_folders <= mostFolders ? Disk.Names(folder + "/") : throw new InvalidDataException($"it goes through more than {mostFolders} folders");
    }
}
