namespace Holdfast.Restic.Maintenance;

/// <summary>How thoroughly a prune gives room back.</summary>
public sealed record PruneOptions
{
    /// <summary>What may stay unused in packs that are partly used: 5 % of what remains by default, as restic's.</summary>
    public UnusedLimit MaxUnused { get; init; } = UnusedLimit.OfShare(0.05);

    /// <summary>Bytes of packs that are written again at most. No limit by default.</summary>
    public long MaxRepack { get; init; } = long.MaxValue;

    /// <summary>Nothing is changed: the report says what would be.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>How long to wait for others to let go of the repository: 30 minutes by default.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Figures of its progress.</summary>
    public PruneCounters Counters { get; init; } = new();
}

/// <summary>How many bytes may stay unused beside so many that are used. Source: restic, doc/060_forget.rst, "--max-unused".</summary>
/// <param name="Share">Of what remains, used and unused: from 0 to 1, which is no limit.</param>
/// <param name="Bytes">Or a number of bytes; then the share says nothing.</param>
public readonly record struct UnusedLimit(double Share, long? Bytes = null)
{
    /// <summary>A share of what remains.</summary>
    public static UnusedLimit OfShare(double share) => new(share);

    /// <summary>A number of bytes.</summary>
    public static UnusedLimit OfBytes(long bytes) => new(0, bytes);

    /// <summary>Bytes that may stay unused.</summary>
    public long Beside(long used)
    {
        if (Bytes is { } bytes) return bytes;
        return Share >= 1 ? long.MaxValue : (long)Math.Min(long.MaxValue / 2, Share / (1 - Share) * used);
    }
}

/// <summary>Figures of one prune, sampled for progress.</summary>
public sealed class PruneCounters
{
    /// <summary>Packs that are written again or removed.</summary>
    public long PacksTotal;

    /// <summary>Of those, packs that are done.</summary>
    public long PacksDone;

    /// <summary>Bytes read from packs.</summary>
    public long BytesRead;
}

/// <summary>What a prune did, or would do. Sizes are bytes of packs, as they are stored.</summary>
public sealed record PruneReport
{
    /// <summary>Snapshots that decide what is used.</summary>
    public int Snapshots { get; init; }

    /// <summary>Bytes that a snapshot needs.</summary>
    public long UsedBytes { get; init; }

    /// <summary>Bytes that no snapshot needs, before.</summary>
    public long UnusedBytes { get; init; }

    /// <summary>Bytes that no snapshot needs and that stay, as writing their packs again is not worth it.</summary>
    public long UnusedLeft { get; init; }

    /// <summary>Packs of which nothing is used, and those that are in no index.</summary>
    public int PacksRemoved { get; init; }

    /// <summary>Packs of which what is used is written again into new ones.</summary>
    public int PacksRepacked { get; init; }

    /// <summary>The sizes of all packs that go.</summary>
    public long BytesRemoved { get; init; }

    /// <summary>The sizes of the new packs; as far as they are known, of a plan.</summary>
    public long BytesWritten { get; init; }

    /// <summary>What the repository has less than before.</summary>
    public long BytesFreed => BytesRemoved - BytesWritten;
}
