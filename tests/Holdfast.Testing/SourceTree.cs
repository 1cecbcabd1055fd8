namespace Holdfast.Testing;

/// <summary>The source tree that the tests were built from.</summary>
public static class SourceTree
{
    /// <summary>Its top directory: the one with Holdfast.slnx.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>A file or directory of the source tree.</summary>
    public static string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>True when golden files are to be written instead of compared: HOLDFAST_UPDATE=1.</summary>
    public static bool IsUpdating => Environment.GetEnvironmentVariable("HOLDFAST_UPDATE") == "1";

    /// <summary>The text of a golden file, after writing <paramref name="actual"/> to it when golden files are being updated.</summary>
    public static string Golden(string relative, string actual)
    {
        if (IsUpdating) File.WriteAllText(PathOf(relative), actual);
        return File.ReadAllText(PathOf(relative));
    }

    private static string Find(string below)
    {
        for (var folder = new DirectoryInfo(below); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Holdfast.slnx"))) return folder.FullName;
        throw new InvalidOperationException($"No Holdfast.slnx above {below}.");
    }
}
