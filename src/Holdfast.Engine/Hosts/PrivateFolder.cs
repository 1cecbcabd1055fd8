namespace Holdfast.Engine.Hosts;

/// <summary>Folders that only their owner can look into.</summary>
public static class PrivateFolder
{
    /// <summary>Makes it, mode 0700, and what it lies in. One that exists stays as it is.</summary>
    /// <exception cref="IOException">It can not be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static void Make(string path) => Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
