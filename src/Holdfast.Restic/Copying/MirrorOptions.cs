namespace Holdfast.Restic.Copying;

/// <summary>How a repository is mirrored.</summary>
public sealed record MirrorOptions
{
    /// <summary>What the source has no more is removed from the mirror.</summary>
    public bool Delete { get; init; }

    /// <summary>Nothing is changed: the report says what would be.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>Figures of its progress.</summary>
    public MirrorCounters Counters { get; init; } = new();
}

/// <summary>Figures of one mirroring, sampled for progress.</summary>
public sealed class MirrorCounters
{
    /// <summary>Bytes and files that the mirror lacks; 0 until that is known.</summary>
    public long BytesTotal, FilesTotal;

    /// <summary>Of those, what was written.</summary>
    public long BytesDone, FilesDone;
}

/// <summary>What was mirrored, or would be.</summary>
public sealed record MirrorReport
{
    /// <summary>Files that the source has, and their bytes; locks are not among them.</summary>
    public long Files { get; init; }
    public long Bytes { get; init; }

    /// <summary>Of those, files that the mirror lacked and has now, and their bytes.</summary>
    public long Copied { get; init; }
    public long BytesCopied { get; init; }

    /// <summary>Files that the mirror had and the source has no more, and their bytes.</summary>
    public long Surplus { get; init; }
    public long BytesSurplus { get; init; }

    /// <summary>Those were removed.</summary>
    public bool Removed { get; init; }

    /// <summary>Paths of files that are damaged in the source and lacking in the mirror: they were not copied.</summary>
    public IReadOnlyList<string> Damaged { get; init; } = [];
}
