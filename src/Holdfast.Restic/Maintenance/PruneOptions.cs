namespace Holdfast.Restic.Maintenance;

/// <summary>Options of a prune.</summary>
public sealed record PruneOptions
{
    /// <summary>How much may stay unused in partly used packs: 5 % of what remains by default, as in restic.</summary>
    public UnusedLimit MaxUnused { get; init; } = UnusedLimit.OfShare(0.05);

    /// <summary>The most bytes of packs to repack. No limit by default.</summary>
    public long MaxRepack { get; init; } = long.MaxValue;

    /// <summary>True to change nothing: the report shows what would be done.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>How long to wait for locks of other processes: 30 minutes by default.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The progress counters.</summary>
    public PruneCounters Counters { get; init; } = new();
}

/// <summary>
/// The limit for unused bytes, relative to the used bytes or absolute. Source: restic, doc/060_forget.rst,
/// "--max-unused".
/// </summary>
/// <param name="Share">A share of what remains, used and unused: from 0 to 1, where 1 is no limit.</param>
/// <param name="Bytes">An absolute number of bytes, which takes precedence over the share.</param>
public readonly record struct UnusedLimit(double Share, long? Bytes = null)
{
    /// <summary>Returns a limit as a share of what remains.</summary>
    public static UnusedLimit OfShare(double share) => new(share);

    /// <summary>Returns a limit in bytes.</summary>
    public static UnusedLimit OfBytes(long bytes) => new(0, bytes);

    /// <summary>Returns the number of bytes that may stay unused.</summary>
    public long Beside(long used)
    {
        if (Bytes is { } bytes) return bytes;
        return Share >= 1 ? long.MaxValue : (long)Math.Min(long.MaxValue / 2, Share / (1 - Share) * used);
    }
}

/// <summary>Progress counters of one prune, sampled for display.</summary>
public sealed class PruneCounters
{
    /// <summary>Packs to repack or remove.</summary>
    public long PacksTotal;

    /// <summary>How many of those packs are finished.</summary>
    public long PacksDone;

    /// <summary>Bytes read from packs.</summary>
    public long BytesRead;
}

/// <summary>The result of a prune, or of its dry run. Sizes are stored bytes of packs.</summary>
public sealed record PruneReport
{
    /// <summary>The number of snapshots that determine what is used.</summary>
    public int Snapshots { get; init; }

    /// <summary>Bytes that snapshots need.</summary>
    public long UsedBytes { get; init; }

    /// <summary>Bytes that no snapshot needs, before the prune.</summary>
    public long UnusedBytes { get; init; }

    /// <summary>Bytes that no snapshot needs and that remain, because repacking is not worth its cost.</summary>
    public long UnusedLeft { get; init; }

    /// <summary>Packs that are completely unused, and those that are in no index.</summary>
    public int PacksRemoved { get; init; }

    /// <summary>Packs whose used blobs are repacked.</summary>
    public int PacksRepacked { get; init; }

    /// <summary>The total size of all removed packs.</summary>
    public long BytesRemoved { get; init; }

    /// <summary>The total size of the new packs; for a dry run, as far as it is known.</summary>
    public long BytesWritten { get; init; }

    /// <summary>The number of bytes by which the repository shrinks.</summary>
    public long BytesFreed => BytesRemoved - BytesWritten;
}
