namespace Holdfast.Engine.Hosts;

/// <summary>Folders that only their owner can look into.</summary>
public static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a folder and every folder above it that does not exist, each with mode 0700 whatever the umask is. One that exists stays as it is.</summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be made.</exception>
    public static void Make(string path) => Make(path, OwnerOnly);

    /// <summary>Makes a folder, and those above it, that every user may pass through (mode 0755 whatever the umask is). One that exists stays as it is.</summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be made.</exception>
    public static void MakeShared(string path) => Make(path, OwnerOnly
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

    private static void Make(string path, UnixFileMode mode)
    {
        var missing = new Stack<string>();
        for (var place = Path.GetFullPath(path); place is not null && !Directory.Exists(place); place = Path.GetDirectoryName(place)) missing.Push(place);
        foreach (var place in missing)
        {
            Directory.CreateDirectory(place, OwnerOnly); // narrow until its mode is set
            File.SetUnixFileMode(place, mode);
        }
    }
}
