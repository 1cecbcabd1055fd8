namespace Holdfast.Engine.Hosts;

/// <summary>Creates folders that only their owner can enter.</summary>
public static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// Creates a folder and its missing parents, each with mode 0700 regardless of the umask. An existing folder is
    /// left as it is.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission to create the folder is denied.</exception>
    public static void Make(string path) => Make(path, OwnerOnly);

    /// <summary>
    /// Creates a folder and its missing parents with mode 0755, which every user may pass through, regardless of the
    /// umask. An existing folder is left as it is.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission to create the folder is denied.</exception>
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
