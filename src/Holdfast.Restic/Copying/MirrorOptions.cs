namespace Holdfast.Restic.Copying;

/// <summary>How a repository is mirrored.</summary>
public sealed record MirrorOptions
{
    /// <summary>True to remove files from the mirror that the source no longer has.</summary>
    public bool Delete { get; init; }

    /// <summary>True to change nothing: the report shows what would be done.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>The progress counters.</summary>
    public MirrorCounters Counters { get; init; } = new();
}

/// <summary>Progress counters of one mirroring, sampled for display.</summary>
public sealed class MirrorCounters
{
    /// <summary>Bytes and files that the mirror lacks; 0 until that is known.</summary>
    public long BytesTotal, FilesTotal;

    /// <summary>How many of those were written.</summary>
    public long BytesDone, FilesDone;
}

/// <summary>The result of a mirroring, or of its dry run.</summary>
public sealed record MirrorReport
{
    /// <summary>Files of the source, and their bytes, without locks.</summary>
    public long Files { get; init; }
    public long Bytes { get; init; }

    /// <summary>Files that the mirror lacked and has now, and their bytes.</summary>
    public long Copied { get; init; }
    public long BytesCopied { get; init; }

    /// <summary>Files of the mirror that the source no longer has, and their bytes.</summary>
    public long Surplus { get; init; }
    public long BytesSurplus { get; init; }

    /// <summary>True when those were removed.</summary>
    public bool Removed { get; init; }

    /// <summary>
    /// Paths of files that are damaged in the source and missing in the mirror: they were not copied.
    /// </summary>
    public IReadOnlyList<string> Damaged { get; init; } = [];
}
