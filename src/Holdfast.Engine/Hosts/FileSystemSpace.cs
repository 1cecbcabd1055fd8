namespace Holdfast.Engine.Hosts;

/// <summary>
/// A mounted file system: total bytes and bytes available to us, total entries (0 when it has no limit) and free
/// entries, and whether it is writable.
/// </summary>
public sealed record FileSystemSpace(long Total, long Free, long Entries, long FreeEntries, bool IsReadOnly)
{
    /// <summary>
    /// The file system of a path; for a path that does not exist, that of its nearest existing parent.
    /// </summary>
    /// <exception cref="IOException">The file system cannot be queried.</exception>
    public static FileSystemSpace Of(string path)
    {
        var place = Path.GetFullPath(path);
        while (!Path.Exists(place) && Path.GetDirectoryName(place) is { } above) place = above;
        return LibC.StatFileSystem(place);
    }
}
