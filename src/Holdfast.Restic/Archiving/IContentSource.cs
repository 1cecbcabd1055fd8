using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Reads files in the place of the archiver, for callers that know what is in them: it may look at the bytes on their way, or say
/// that the repository has them. It is called from several threads.
/// </summary>
public interface IContentSource
{
    /// <summary>What is to be stored as the file's content. An <see cref="IOException"/> of <see cref="LocalFile"/> is a file that can't be read: it is warned of and left out.</summary>
    ValueTask<FileContent> OpenAsync(LocalFile file, CancellationToken cancellation);
}

/// <summary>The content of one file: bytes to read, or blobs that the repository has.</summary>
public sealed record FileContent
{
    /// <summary>Read to its end and then disposed of; null when <see cref="Stored"/> says it all.</summary>
    public Stream? Bytes { get; init; }

    /// <summary>The holes of the file that <see cref="Bytes"/> reads, which are then passed over; null to read all of it.</summary>
    public IHoles? Holes { get; init; }

    /// <summary>Bytes of each chunk but the last, for what never moves within its file, 2 MiB at most; 0, the default, cuts where the content says.</summary>
    public int ChunkSize { get; init; }

    /// <summary>A file of another snapshot whose content this one has; all its blobs must be in the repository.</summary>
    public Node? Stored { get; init; }

    /// <summary>With <see cref="Stored"/>: the file was read all the same, and counts as changed.</summary>
    public bool IsRead { get; init; }

    /// <summary>Called when all bytes have been stored.</summary>
    public Func<CancellationToken, Task>? OnStored { get; init; }
}
