namespace Holdfast.Restic.Maintenance;

/// <summary>How thorough a check is.</summary>
public sealed record CheckOptions
{
    /// <summary>Which packs are read whole and verified blob by blob; null for none.</summary>
    public ReadSubset? ReadData { get; init; }

    public CheckCounters Counters { get; init; } = new();
}

/// <summary>A part of all packs: group <paramref name="Group"/> of <paramref name="Groups"/> (1-based, by the first byte of the pack id, as restic's n/t), or a random share.</summary>
public sealed record ReadSubset(int Group, int Groups, double? Share = null)
{
    public static ReadSubset All { get; } = new(1, 1);
}

/// <summary>Figures of one check, bumped by hot loops and sampled for progress.</summary>
public sealed class CheckCounters
{
    public long PacksTotal;
    public long PacksDone;
    public long BytesRead;
    public long SnapshotsDone;
}

/// <summary>
/// One thing that is wrong: the damaged file, the blobs that are lost by it, and the snapshots and paths that need them.
/// </summary>
public sealed record Damage(string File, string Message, IReadOnlyList<Id> Blobs, IReadOnlyList<AffectedPath> Affected);

/// <summary>A path of a snapshot that can not be restored whole.</summary>
public sealed record AffectedPath(Id Snapshot, string Path);

/// <summary>What a check found. Clean when <see cref="Damages"/> is empty; hints (unused packs, duplicate entries) do no harm.</summary>
public sealed record CheckReport(int Snapshots, long Packs, long PacksRead, long BytesRead, IReadOnlyList<Damage> Damages, IReadOnlyList<string> Hints)
{
    public bool IsClean => Damages.Count == 0;
}
