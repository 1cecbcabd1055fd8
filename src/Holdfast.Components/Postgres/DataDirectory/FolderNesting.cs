using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>Whether a directory is inside another one.</summary>
internal static class FolderNesting
{
    /// <summary>True when a path is a folder or inside it, by the names and by the targets of links.</summary>
    public static bool IsWithin(string path, string folder)
    {
        if (path == folder || path.StartsWith($"{folder}/", StringComparison.Ordinal)) return true;
        if (!Directory.Exists(folder)) return false;
        for (var at = Nearest(path); LocalEntries.AreSame(at, $"{at}/..") == false; at += "/..")
            if (LocalEntries.AreSame(at, folder) == true) return true;
        return false;
    }

    /// <summary>Returns a path, or the nearest one above it that exists.</summary>
    public static string Nearest(string path)
    {
        while (!LocalEntries.TryFind(path, out _, out _) && Path.GetDirectoryName(path) is { } above) path = above;
        return path;
    }
}
