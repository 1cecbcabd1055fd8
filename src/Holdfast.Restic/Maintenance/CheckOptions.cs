using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>Options of a check.</summary>
public sealed record CheckOptions
{
    /// <summary>Which packs are read completely and verified blob by blob; null for none.</summary>
    public ReadSubset? ReadData { get; init; }

    /// <summary>
    /// In addition, the next packs in rotation; the report contains the last one read. Null for none.
    /// </summary>
    public ReadTurn? Turn { get; init; }

    /// <summary>In addition, all packs that this process has stored and indexed.</summary>
    public bool OwnPacks { get; init; }

    /// <summary>
    /// True to read packs from the disk, not from the page cache, and to drop their pages afterwards.
    /// </summary>
    public bool FromDisk { get; init; }

    /// <summary>The snapshots whose trees are walked; null for all.</summary>
    public IReadOnlyCollection<Id>? Snapshots { get; init; }

    /// <summary>
    /// Snapshots whose data is stored, but whose files are not: only their trees are walked. Findings name them by
    /// their ids.
    /// </summary>
    public IReadOnlyList<Snapshot>? Sealed { get; init; }

    /// <summary>
    /// True if indexes and trees may come from the local cache, verified; what this process has written always comes
    /// from the store. False by default: the content of the store is checked.
    /// </summary>
    public bool MayBeCached { get; init; }

    /// <summary>
    /// True to check only those config, key and pack files that this process has written, so that nothing is listed.
    /// </summary>
    public bool OnlyOwn { get; init; }

    public CheckCounters Counters { get; init; } = new();
}

/// <summary>
/// A part of all packs: group <paramref name="Group"/> of <paramref name="Groups"/> (1-based, at most 256, by the first
/// byte of the pack's id, as restic's n/t), or a random share: above 0, where 1 means all; at least one pack.
/// </summary>
public sealed record ReadSubset(int Group, int Groups, double? Share = null)
{
    public static ReadSubset All { get; } = new(1, 1);
}

/// <summary>Progress counters of one check, updated by hot loops and sampled for display.</summary>
public sealed class CheckCounters
{
    public long PacksTotal;
    public long PacksDone;
    public long BytesRead;
    public long SnapshotsDone;
    public long TreesDone;
}

/// <summary>
/// One finding: the damaged file, the blobs that are lost by it, and the paths that need them, of which the first 100
/// are listed, newest snapshots first. The file is "index" for blobs that are missing from the index.
/// </summary>
public sealed record Damage(string File, string Message, IReadOnlyList<Id> Blobs, IReadOnlyList<AffectedPath> Affected)
{
    /// <summary>
    /// The number of affected paths, including those that are not listed; a path counts once in every snapshot.
    /// </summary>
    public long AffectedCount { get; init; } = Affected.Count;

    /// <summary>Every snapshot that cannot be restored completely because of it, newest first.</summary>
    public IReadOnlyList<Id> Snapshots { get; init; } = [];
}

/// <summary>A path of a snapshot that cannot be restored completely.</summary>
public sealed record AffectedPath(Id Snapshot, string Path);

/// <summary>
/// The result of a check. Clean when <see cref="Damages"/> is empty; hints (unused packs, duplicate entries) are
/// harmless.
/// </summary>
public sealed record CheckReport(int Snapshots, long Packs, long PacksRead, long BytesRead, IReadOnlyList<Damage> Damages, IReadOnlyList<string> Hints)
{
    public bool IsClean => Damages.Count == 0;

    /// <summary>How far the rotation came, when one was requested.</summary>
    public TurnReport? Turn { get; init; }
}
