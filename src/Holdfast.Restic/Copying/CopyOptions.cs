using Holdfast.Restic.Archiving;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Copying;

/// <summary>What is copied into another repository.</summary>
public sealed record CopyOptions
{
    /// <summary>The snapshots, in any order. Those that the destination has already are passed over.</summary>
    public required IReadOnlyList<Snapshot> Snapshots { get; init; }

    /// <summary>Nothing is changed: the report says what would be copied.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>Figures of its progress.</summary>
    public CopyCounters Counters { get; init; } = new();
}

/// <summary>Figures of one copy, bumped by hot loops and sampled for progress.</summary>
public sealed class CopyCounters
{
    /// <summary>Stored bytes of the blobs that are to be read from the source; 0 until that is known.</summary>
    public long BytesTotal;

    /// <summary>Of those, bytes that were read.</summary>
    public long BytesRead;

    /// <summary>What was written: blobs, their bytes before compression, bytes of packs.</summary>
    public ArchiveCounters Written { get; } = new();

    /// <summary>What is read back from the destination.</summary>
    public CheckCounters Verified { get; } = new();
}

/// <summary>A snapshot that was not copied.</summary>
/// <param name="Snapshot">As the source has it.</param>
/// <param name="Message">One sentence with the first file that is damaged, and what is wrong with it.</param>
/// <param name="InDestination">The destination's file is damaged; otherwise the source's.</param>
public sealed record UncopiedSnapshot(Snapshot Snapshot, string Message, bool InDestination);

/// <summary>What a copy did, or would do.</summary>
public sealed record CopyReport
{
    /// <summary>
    /// The snapshots that were copied, oldest first, as the destination has them; of a plan, as the source has them.
    /// </summary>
    public IReadOnlyList<Snapshot> Copied { get; init; } = [];

    /// <summary>How many the destination had already.</summary>
    public int Present { get; init; }

    /// <summary>Those that need something which cannot be had, oldest first.</summary>
    public IReadOnlyList<UncopiedSnapshot> Uncopied { get; init; } = [];

    /// <summary>Blobs that the destination did not have.</summary>
    public long Blobs { get; init; }

    /// <summary>Their stored bytes in the source.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes of new packs in the destination; 0 of a plan.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Packs of the destination that were read back, blob by blob.</summary>
    public long PacksVerified { get; init; }
}
