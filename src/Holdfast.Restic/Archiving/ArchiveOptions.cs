using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>Figures of one archiving, bumped by hot loops and sampled for progress. Bytes and counts so far.</summary>
public sealed class ArchiveCounters
{
    /// <summary>Bytes that sources delivered, unchanged files included.</summary>
    public long BytesRead;

    /// <summary>Bytes of blobs the repository did not have, before compression.</summary>
    public long BytesAdded;

    /// <summary>Bytes written to packs, compressed and encrypted.</summary>
    public long BytesStored;

    public long FilesNew;
    public long FilesChanged;
    public long FilesUnchanged;
    public long Directories;
    public long BlobsAdded;
}

/// <summary>Where and how local files go into a snapshot.</summary>
public sealed record ArchiveOptions
{
    /// <summary>A folder of the snapshot ("/files") that the absolute local paths are put under; "" for the root, as restic does.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>True for a local absolute path that stays out, with all below it.</summary>
    public Func<string, NodeType, bool>? Exclude { get; init; }

    /// <summary>Counts this call's files instead of the writer's own figures; bytes go into the writer's.</summary>
    public ArchiveCounters? Counters { get; init; }

    /// <summary>How often a file that changes while it is read is read again before it is kept as it is, with a warning. 3 by default.</summary>
    public int Rereads { get; init; } = 3;

    /// <summary>Bytes in holes of sparse files that are taken, of all files below one captured place; a file with more is left out, with a warning. 1 TiB by default.</summary>
    public long MostHoles { get; init; } = 1L << 40;

    /// <summary>The user, by number, whom a directory and all that is read below it must belong to; null for any. What belongs to others is reported as unreadable.</summary>
    public uint? OwnedBy { get; init; }

    /// <summary>Reads files in the archiver's place; null to store them as they are. With a source, files are read once, whether they change or not.</summary>
    public IContentSource? Source { get; init; }

    /// <summary>
    /// Called for each file and directory that could not be read, or changed with every read; the entry is left out, or
    /// kept as last read. May be called from several threads.
    /// </summary>
    public Action<ArchiveWarning>? OnWarning { get; init; }
}

/// <summary>A path and what was wrong with it. <paramref name="Left"/> is true when it is not in the snapshot.</summary>
public sealed record ArchiveWarning(string Path, string Message, bool Left)
{
    /// <summary>True when there was nothing any more at the path.</summary>
    public bool IsGone { get; init; }

    /// <summary>The kernel's own file system that the path lies in ("proc"), of which nothing is ever archived; null otherwise.</summary>
    public string? KernelFileSystem { get; init; }

    /// <summary>True for a sparse file with more holes than <see cref="ArchiveOptions.MostHoles"/> allows.</summary>
    public bool HasTooManyHoles { get; init; }
}

/// <summary>Owner, mode and time of an entry that does not come from a local file.</summary>
public sealed record EntryMetadata
{
    /// <summary>Permission bits; 0o600 by default.</summary>
    public uint Permissions { get; init; } = 0x180;

    public uint Uid { get; init; }
    public uint Gid { get; init; }

    /// <summary>The names of the owner and its group; what this machine calls the numbers when null.</summary>
    public string? User { get; init; }
    public string? Group { get; init; }

    /// <summary>The snapshot's time when null.</summary>
    public Timestamp? ModifyTime { get; init; }

    /// <summary>
    /// Bytes of a chunk, 512 KiB to 8 MiB: for content that never comes again at another offset, so that nobody need look for where to cut it.
    /// 0 cuts where restic does.
    /// </summary>
    public int ChunkSize { get; init; }
}

/// <summary>What a streamed entry became: its size in bytes and how many of them were new to the repository.</summary>
public sealed record StoredEntry(string Path, long Size, long BytesAdded);

/// <summary>What a snapshot says of itself, besides its tree.</summary>
public sealed record SnapshotHeader
{
    public required IReadOnlyList<string> Paths { get; init; }
    public required string Hostname { get; init; }
    public string Username { get; init; } = "";
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyList<string> Excludes { get; init; } = [];

    /// <summary>Now, by the repository's clock, when null.</summary>
    public Timestamp? Time { get; init; }
}
