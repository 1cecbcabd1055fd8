using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Progress counters of one archiving, in bytes and entries so far. Updated by hot loops and sampled for display.
/// </summary>
public sealed class ArchiveCounters
{
    /// <summary>Bytes that sources delivered, unchanged files included.</summary>
    public long BytesRead;

    /// <summary>Bytes of blobs that were new to the repository, before compression.</summary>
    public long BytesAdded;

    /// <summary>Bytes written to packs, compressed and encrypted.</summary>
    public long BytesStored;

    public long FilesNew;
    public long FilesChanged;
    public long FilesUnchanged;
    public long Directories;
    public long BlobsAdded;
}

/// <summary>How local files are added to a snapshot, and at which path.</summary>
public sealed record ArchiveOptions
{
    /// <summary>
    /// The directory of the snapshot ("/files") that the absolute local paths are placed below; "" for the root, as
    /// restic does.
    /// </summary>
    public string Prefix { get; init; } = "";

    /// <summary>Returns true for a local absolute path that is excluded, with everything below it.</summary>
    public Func<string, NodeType, bool>? Exclude { get; init; }

    /// <summary>
    /// Counters for the files of this call, instead of the writer's own; bytes are always added to the writer's.
    /// </summary>
    public ArchiveCounters? Counters { get; init; }

    /// <summary>
    /// How often a file that changes while it is read is read again. After that it is stored as last read, with a
    /// warning. 3 by default.
    /// </summary>
    public int Rereads { get; init; } = 3;

    /// <summary>
    /// The limit for bytes in holes of sparse files, over all files below one captured path. A file that exceeds it is
    /// left out, with a warning. 1 TiB by default.
    /// </summary>
    public long MostHoles { get; init; } = 1L << 40;

    /// <summary>
    /// The uid that must own a directory and everything that is read below it; null for any. Entries of other owners
    /// are reported as unreadable.
    /// </summary>
    public uint? OwnedBy { get; init; }

    /// <summary>
    /// Reads files instead of the archiver; null to store them as they are. With a source, files are read once, even if
    /// they change meanwhile.
    /// </summary>
    public IContentSource? Source { get; init; }

    /// <summary>
    /// Called for each file or directory that could not be read, which is left out, or that changed during every read,
    /// which is stored as last read. May be called from several threads.
    /// </summary>
    public Action<ArchiveWarning>? OnWarning { get; init; }
}

/// <summary>
/// A path and what was wrong with it. <paramref name="Left"/> is true when it is not in the snapshot.
/// </summary>
public sealed record ArchiveWarning(string Path, string Message, bool Left)
{
    /// <summary>True when the path no longer exists.</summary>
    public bool IsGone { get; init; }

    /// <summary>
    /// The name of the kernel's file system that contains the path ("proc"), whose files are never archived; null
    /// otherwise.
    /// </summary>
    public string? KernelFileSystem { get; init; }

    /// <summary>True for a sparse file with more holes than <see cref="ArchiveOptions.MostHoles"/> allows.</summary>
    public bool HasTooManyHoles { get; init; }
}

/// <summary>Owner, mode and times of an entry that is not read from a local file.</summary>
public sealed record EntryMetadata
{
    /// <summary>Permission bits; 0o600 by default.</summary>
    public uint Permissions { get; init; } = 0x180;

    public uint Uid { get; init; }
    public uint Gid { get; init; }

    /// <summary>The names of the owner and group; null for the names that this machine has for the numbers.</summary>
    public string? User { get; init; }
    public string? Group { get; init; }

    /// <summary>The modification time; null for the time of the snapshot.</summary>
    public Timestamp? ModifyTime { get; init; }

    /// <summary>
    /// The chunk size in bytes, 512 KiB to 8 MiB, for content that never recurs at another offset, so that
    /// content-defined chunking has no benefit. 0 for restic's content-defined chunking.
    /// </summary>
    public int ChunkSize { get; init; }
}

/// <summary>
/// The result of archiving a stream: its size in bytes, and how many of them were new to the repository.
/// </summary>
public sealed record StoredEntry(string Path, long Size, long BytesAdded);

/// <summary>The fields of a snapshot besides its tree.</summary>
public sealed record SnapshotHeader
{
    public required IReadOnlyList<string> Paths { get; init; }
    public required string Hostname { get; init; }
    public string Username { get; init; } = "";
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyList<string> Excludes { get; init; } = [];

    /// <summary>The time of the snapshot; null for now, by the repository's clock.</summary>
    public Timestamp? Time { get; init; }
}
