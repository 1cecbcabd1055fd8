using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>How thorough a check is.</summary>
public sealed record CheckOptions
{
    /// <summary>Which packs are read whole and verified blob by blob; null for none.</summary>
    public ReadSubset? ReadData { get; init; }

    /// <summary>Besides those, the next packs in turn; the report says how far it came. Null for none.</summary>
    public ReadTurn? Turn { get; init; }

    /// <summary>Besides those, all packs that this process has stored and indexed.</summary>
    public bool OwnPacks { get; init; }

    /// <summary>Packs are read from the disk, not from what is left in memory of writing them, and leave nothing there.</summary>
    public bool FromDisk { get; init; }

    /// <summary>The snapshots whose trees are walked; null for all.</summary>
    public IReadOnlyCollection<Id>? Snapshots { get; init; }

    /// <summary>Snapshots whose data is stored, but they are not: their trees are walked, and no others. Damage names them by their ids.</summary>
    public IReadOnlyList<Snapshot>? Sealed { get; init; }

    /// <summary>
    /// Indexes and trees may come from the local cache, verified; what this process has written comes from the store.
    /// False by default: what the store has is what is checked.
    /// </summary>
    public bool MayBeCached { get; init; }

    /// <summary>Of config, keys and packs only those that this process has written are looked at, so that nothing is listed.</summary>
    public bool OnlyOwn { get; init; }

    public CheckCounters Counters { get; init; } = new();
}

/// <summary>
/// A part of all packs: group <paramref name="Group"/> of <paramref name="Groups"/> (1-based, at most 256, by the first byte of the
/// pack's id, as restic's n/t), or a random share: above 0, 1 is all; at least one pack.
/// </summary>
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
    public long TreesDone;
}

/// <summary>
/// One thing that is wrong: the damaged file, the blobs that are lost by it, and the paths that need them, of which the
/// first 100 are listed, newest snapshots first. The file is "index" for blobs that should be in it and are not.
/// </summary>
public sealed record Damage(string File, string Message, IReadOnlyList<Id> Blobs, IReadOnlyList<AffectedPath> Affected)
{
    /// <summary>All affected paths, those beyond the listed ones as well; a path counts once in every snapshot.</summary>
    public long AffectedCount { get; init; } = Affected.Count;

    /// <summary>Every snapshot that can't be restored whole because of it, newest first.</summary>
    public IReadOnlyList<Id> Snapshots { get; init; } = [];
}

/// <summary>A path of a snapshot that can not be restored whole.</summary>
public sealed record AffectedPath(Id Snapshot, string Path);

/// <summary>What a check found. Clean when <see cref="Damages"/> is empty; hints (unused packs, duplicate entries) do no harm.</summary>
public sealed record CheckReport(int Snapshots, long Packs, long PacksRead, long BytesRead, IReadOnlyList<Damage> Damages, IReadOnlyList<string> Hints)
{
    public bool IsClean => Damages.Count == 0;

    /// <summary>How far the turn came, when one was asked for.</summary>
    public TurnReport? Turn { get; init; }
}
