using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files.Paths;

/// <summary>
/// What stands where on this machine, for choosing what to capture. Links are never followed. Whatever can't be seen is as
/// if it were not there: the archiving itself reports it.
/// </summary>
internal static class Disk
{
    /// <summary>What stands at a path, or null.</summary>
    public static NodeType? TypeOf(string path) => LocalEntries.TryFind(path, out var type, out _) ? type : null;

    /// <summary>What stands at a path, and the bytes of it if it is a file.</summary>
    public static bool TryFind(string path, out NodeType type, out long size)
    {
        var found = LocalEntries.TryFind(path, out type, out var bytes);
        size = type == NodeType.File ? (long)bytes : 0;
        return found;
    }

    public static bool IsFolder(string path) => TypeOf(path) == NodeType.Directory;

    public static bool IsFile(string path) => TypeOf(path) == NodeType.File;

    /// <summary>The bytes of a file; 0 when it is gone.</summary>
    public static long Size(string path) => TryFind(path, out _, out var size) ? size : 0;

    /// <summary>Where a link points to, as it is written; null for anything else, and when it has become something else between two looks.</summary>
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

    /// <summary>The names in a folder, sorted.</summary>
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
