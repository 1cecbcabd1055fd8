using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files.Paths;

/// <summary>
/// Reads the file system of this machine, to choose what to capture. Links are never followed. What cannot be accessed
/// counts as missing: the archiver itself reports it.
/// </summary>
internal static class Disk
{
    /// <summary>Returns the type of the entry at a path, or null.</summary>
    public static NodeType? TypeOf(string path) => LocalEntries.TryFind(path, out var type, out _) ? type : null;

    /// <summary>Finds the entry at a path, with its size in bytes if it is a file.</summary>
    public static bool TryFind(string path, out NodeType type, out long size)
    {
        var found = LocalEntries.TryFind(path, out type, out var bytes);
        size = type == NodeType.File ? (long)bytes : 0;
        return found;
    }

    public static bool IsFolder(string path) => TypeOf(path) == NodeType.Directory;

    public static bool IsFile(string path) => TypeOf(path) == NodeType.File;

    /// <summary>Returns the size of a file in bytes; 0 when it does not exist.</summary>
    public static long Size(string path) => TryFind(path, out _, out var size) ? size : 0;

    /// <summary>
    /// Returns the target of a link as it is written; null for anything else, also when the link was replaced
    /// meanwhile.
    /// </summary>
    public static string? LinkTarget(string path)
    {
        try
        {
            return TypeOf(path) == NodeType.Symlink ? LocalEntries.LinkTarget(path) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Returns the names in a folder, sorted.</summary>
    public static IReadOnlyList<string> Names(string folder)
    {
        try
        {
            return LocalEntries.Names(folder);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
