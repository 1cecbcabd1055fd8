namespace Holdfast.Restic.Archiving;

/// <summary>
/// The holes of a sparse file that is being read: ranges without allocated blocks, which read as zeros.
/// </summary>
public interface IHoles
{
    /// <summary>
    /// Returns the size in bytes of the hole at the current position; 0 when data follows, or when the file system does
    /// not report holes.
    /// </summary>
    long Ahead();

    /// <summary>Advances the current position by this number of bytes.</summary>
    void Skip(long bytes);
}
