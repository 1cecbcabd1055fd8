namespace Holdfast.Engine.Hosts;

/// <summary>A mounted file system: bytes in all and free for us, entries in all (0 when it has no limit) and free, and whether it may be written.</summary>
public sealed record FileSystemSpace(long Total, long Free, long Entries, long FreeEntries, bool IsReadOnly)
{
    /// <summary>The file system that a path lies on, or would lie on: what is not there yet is looked for above.</summary>
    /// <exception cref="IOException">It can not be asked.</exception>
    public static FileSystemSpace Of(string path)
    {
        var place = Path.GetFullPath(path);
        while (!Path.Exists(place) && Path.GetDirectoryName(place) is { } above) place = above;
        return LibC.StatFileSystem(place);
    }
}
