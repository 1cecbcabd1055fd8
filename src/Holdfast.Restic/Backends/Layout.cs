using System.Buffers;

namespace Holdfast.Restic.Backends;

/// <summary>
/// The paths of all kinds of file below the root of a repository. Source: doc/design.rst, "Repository Layout".
/// </summary>
internal static class Layout
{
    private static readonly SearchValues<char> _digits = SearchValues.Create("0123456789abcdef");

    /// <summary>
    /// Every directory of a new repository, parents first: packs are spread over 256 by their first two digits.
    /// </summary>
    public static IEnumerable<string> Folders =>
        ["keys", "locks", "snapshots", "index", "data", .. Enumerable.Range(0, 256).Select(first => $"data/{first:x2}")];

    /// <summary>Returns the directory of a kind; empty for the config, which is in the root.</summary>
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

    /// <summary>Returns the directory of one file, relative to the root.</summary>
    public static string FolderOf(FileKind kind, string name) => Path.GetDirectoryName(PathOf(kind, name))!;

    /// <summary>
    /// Returns the path of a file relative to the root, as it also appears in messages: "snapshots/1b2c...",
    /// "data/ab/abcd...".
    /// </summary>
    public static string PathOf(FileKind kind, string name)
    {
        if (kind == FileKind.Config) return "config";
        // A name becomes part of a path, so only an id is accepted.
        if (!IsName(name)) throw new ArgumentException($"'{name}' is not the name of a stored file.", nameof(name));
        return kind == FileKind.Pack ? $"data/{name.AsSpan(0, 2)}/{name}" : $"{FolderOf(kind)}/{name}";
    }

    /// <summary>
    /// Returns true for 64 lower-case hexadecimal digits; all other files in a directory are ignored.
    /// </summary>
    public static bool IsName(ReadOnlySpan<char> name) => name.Length == 2 * Id.Size && !name.ContainsAnyExcept(_digits);

    /// <summary>
    /// Returns true for the name of an unfinished file: the name of the file, "-tmp-", and random letters or digits, as
    /// restic's.
    /// </summary>
    public static bool IsTemporaryName(ReadOnlySpan<char> name)
    {
        const string mark = "-tmp-";
        var cut = name.IndexOf(mark, StringComparison.Ordinal);
        return cut >= 0 && (IsName(name[..cut]) || name[..cut] is "clock") && name.Length > cut + mark.Length && !name[(cut + mark.Length)..].ContainsAnyExcept(_digits);
    }

    /// <summary>
    /// Classifies a directory without a config by the names in it, ignoring the "lost+found" of a file system.
    /// </summary>
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

    /// <summary>Returns true for a directory that holds packs: two hexadecimal digits.</summary>
    public static bool IsPackFolder(ReadOnlySpan<char> name) => name.Length == 2 && !name.ContainsAnyExcept(_digits);
}
