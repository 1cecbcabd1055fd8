using Holdfast.Restic.Archiving;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Copying;

/// <summary>Which snapshots are copied into another repository, and how.</summary>
public sealed record CopyOptions
{
    /// <summary>The snapshots, in any order. Those that the destination already has are skipped.</summary>
    public required IReadOnlyList<Snapshot> Snapshots { get; init; }

    /// <summary>True to change nothing: the report shows what would be copied.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>The progress counters.</summary>
    public CopyCounters Counters { get; init; } = new();
}

/// <summary>Progress counters of one copy, updated by hot loops and sampled for display.</summary>
public sealed class CopyCounters
{
    /// <summary>Stored bytes of the blobs that are to be read from the source; 0 until that is known.</summary>
    public long BytesTotal;

    /// <summary>How many of those bytes were read.</summary>
    public long BytesRead;

    /// <summary>What was written: blobs, their bytes before compression, bytes of packs.</summary>
    public ArchiveCounters Written { get; } = new();

    /// <summary>Counters of the verification of the destination.</summary>
    public CheckCounters Verified { get; } = new();
}

/// <summary>A snapshot that was not copied.</summary>
/// <param name="Snapshot">The snapshot in the source.</param>
/// <param name="Message">One sentence with the first damaged file and the damage.</param>
/// <param name="InDestination">
/// True when the damaged file is in the destination, false when it is in the source.
/// </param>
public sealed record UncopiedSnapshot(Snapshot Snapshot, string Message, bool InDestination);

/// <summary>The result of a copy, or of its dry run.</summary>
public sealed record CopyReport
{
    /// <summary>
    /// The snapshots that were copied, oldest first, as the destination has them; of a dry run, as the source has them.
    /// </summary>
    public IReadOnlyList<Snapshot> Copied { get; init; } = [];

    /// <summary>The number of snapshots that the destination already had.</summary>
    public int Present { get; init; }

    /// <summary>Snapshots that need damaged or missing data, oldest first.</summary>
    public IReadOnlyList<UncopiedSnapshot> Uncopied { get; init; } = [];

    /// <summary>Blobs that the destination did not have.</summary>
    public long Blobs { get; init; }

    /// <summary>The stored bytes of these blobs in the source.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes of new packs in the destination; 0 for a dry run.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Packs of the destination that were verified, blob by blob.</summary>
    public long PacksVerified { get; init; }
}
