namespace Holdfast.Restic.Archiving;

/// <summary>The holes of a sparse file that is being read: stretches without a byte on the disk, which read as zeros.</summary>
public interface IHoles
{
    /// <summary>How many bytes from where the file is read next are a hole; 0 when the next is data, or it can't be told.</summary>
    long Ahead();

    /// <summary>Goes on reading so many bytes further.</summary>
    void Skip(long bytes);
}
