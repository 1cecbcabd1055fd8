using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files.Paths;

/// <summary>
/// Expands a pattern to paths on disk. A plain path expands to itself when it exists. ** descends into folders, but not
/// through links, and not into the data directories of databases: those are never matched in part.
/// </summary>
internal static class Glob
{
    /// <summary>Returns existing paths, sorted by folder; empty when there are none.</summary>
    public static IReadOnlyList<string> Expand(string pattern) => Expand(pattern, int.MaxValue);

    /// <summary>Expands a pattern that does not come from the profile: it visits at most that many folders.</summary>
    /// <exception cref="InvalidDataException">It would visit more folders.</exception>
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
        // A folder matched by a final * includes everything below it, so that a deeper search finds nothing new.
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
