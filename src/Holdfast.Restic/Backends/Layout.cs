using System.Buffers;

namespace Holdfast.Restic.Backends;

/// <summary>Where each kind of file lives below the root of a repository. Source: doc/design.rst, "Repository Layout".</summary>
internal static class Layout
{
    private static readonly SearchValues<char> _digits = SearchValues.Create("0123456789abcdef");

    /// <summary>Every folder of a new repository, parents first: packs are spread over 256 by their first two digits.</summary>
    public static IEnumerable<string> Folders =>
        ["keys", "locks", "snapshots", "index", "data", .. Enumerable.Range(0, 256).Select(first => $"data/{first:x2}")];

    /// <summary>The folder of a kind; empty for the config, which lies in the root.</summary>
    public static string FolderOf(FileKind kind) => kind switch
    {
        FileKind.Config => "",
        FileKind.Key => "keys",
        FileKind.Lock => "locks",
        FileKind.Snapshot => "snapshots",
        FileKind.Index => "index",
        FileKind.Pack => "data",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such kind of file."),
    };

    /// <summary>The folder of one file, relative to the root.</summary>
    public static string FolderOf(FileKind kind, string name) => Path.GetDirectoryName(PathOf(kind, name))!;

    /// <summary>The path of a file relative to the root, which is also how messages name it: "snapshots/1b2c...", "data/ab/abcd...".</summary>
    public static string PathOf(FileKind kind, string name)
    {
        if (kind == FileKind.Config) return "config";
        // A name is also a path here, so that nothing but an id may get through.
        if (!IsName(name)) throw new ArgumentException($"'{name}' is not the name of a stored file.", nameof(name));
        return kind == FileKind.Pack ? $"data/{name.AsSpan(0, 2)}/{name}" : $"{FolderOf(kind)}/{name}";
    }

    /// <summary>True for 64 lower-case hexadecimal digits; all other files in a folder are not ours.</summary>
    public static bool IsName(ReadOnlySpan<char> name) => name.Length == 2 * Id.Size && !name.ContainsAnyExcept(_digits);

    /// <summary>True for the name of a file in the making: that of the file, "-tmp-", and letters or digits at random. restic has the same.</summary>
    public static bool IsTemporaryName(ReadOnlySpan<char> name)
    {
        const string mark = "-tmp-";
        var cut = name.IndexOf(mark, StringComparison.Ordinal);
        return cut >= 0 && (IsName(name[..cut]) || name[..cut] is "clock") && name.Length > cut + mark.Length && !name[(cut + mark.Length)..].ContainsAnyExcept(_digits);
    }

    /// <summary>What a folder that has no config is by the names in it, whatever "lost+found" of a file system holds.</summary>
    public static PlaceState StateOf(IEnumerable<string> names)
    {
        var (state, ours) = (PlaceState.Empty, Folders.ToHashSet(StringComparer.Ordinal));
        foreach (var name in names.Where(name => name is not "lost+found"))
        {
            if (!ours.Contains(name)) return PlaceState.Occupied;
            state = PlaceState.Unknown;
        }
        return state;
    }

    /// <summary>True for a folder that holds packs: two hexadecimal digits.</summary>
    public static bool IsPackFolder(ReadOnlySpan<char> name) => name.Length == 2 && !name.ContainsAnyExcept(_digits);
}
