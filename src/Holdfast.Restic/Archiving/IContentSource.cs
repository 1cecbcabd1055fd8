using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Reads files instead of the archiver, for callers that know their format: it may inspect the bytes as they are read,
/// or report that the repository already has them. Called from several threads.
/// </summary>
public interface IContentSource
{
    /// <summary>
    /// Returns what is stored as the file's content. An <see cref="IOException"/> of <see cref="LocalFile"/> means that
    /// the file cannot be read: it is left out, with a warning.
    /// </summary>
    ValueTask<FileContent> OpenAsync(LocalFile file, CancellationToken cancellation);
}

/// <summary>The content of one file: bytes to read, or blobs that the repository has.</summary>
public sealed record FileContent
{
    /// <summary>
    /// The bytes, read to the end and then disposed of; null when <see cref="Stored"/> is the whole content.
    /// </summary>
    public Stream? Bytes { get; init; }

    /// <summary>
    /// The holes of the file that <see cref="Bytes"/> reads, which are then skipped; null to read all of it.
    /// </summary>
    public IHoles? Holes { get; init; }

    /// <summary>
    /// Bytes of each chunk but the last, at most 2 MiB, for content that never moves within its file; 0, the default,
    /// for content-defined chunking.
    /// </summary>
    public int ChunkSize { get; init; }

    /// <summary>A file of another snapshot with the same content; all its blobs must be in the repository.</summary>
    public Node? Stored { get; init; }

    /// <summary>With <see cref="Stored"/>: true when the file was read nevertheless, and counts as changed.</summary>
    public bool IsRead { get; init; }

    /// <summary>Called when all bytes have been stored.</summary>
    public Func<CancellationToken, Task>? OnStored { get; init; }
}
