using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Copying;

/// <summary>
/// Finds which snapshots of a repository are copies of snapshots of another. A copy contains the id of the snapshot
/// that it was made from, or of that one's own original, so that copies of copies are found too; all fields but parent
/// and original are the same. Source: restic 0.14, cmd/restic/cmd_copy.go, similarSnapshots.
/// </summary>
public static class SnapshotCopies
{
    /// <summary>The identity that a snapshot keeps in every repository.</summary>
    public static Id OriginOf(Snapshot snapshot) => snapshot.Original ?? snapshot.Id;

    /// <summary>Returns the snapshots of the source that the destination has no copy of, in their order.</summary>
    public static IReadOnlyList<Snapshot> Lacking(IEnumerable<Snapshot> source, IEnumerable<Snapshot> destination)
    {
        var there = destination.ToLookup(OriginOf);
        return [.. source.Where(snapshot => !there[OriginOf(snapshot)].Any(copy => AreAlike(snapshot, copy)))];
    }

    /// <summary>
    /// Returns the snapshot as the destination is to store it, without a parent, which would be another snapshot there.
    /// </summary>
    internal static Snapshot Of(Snapshot snapshot) =>
        snapshot with { Id = default, Parent = null, Original = OriginOf(snapshot) };

    private static bool AreAlike(Snapshot one, Snapshot other) =>
        one.Tree == other.Tree && one.Time.IsSameInstant(other.Time) && one.Hostname == other.Hostname
        && one.Username == other.Username && one.Uid == other.Uid && one.Gid == other.Gid
        && one.Paths.SequenceEqual(other.Paths, StringComparer.Ordinal)
        && one.Excludes.SequenceEqual(other.Excludes, StringComparer.Ordinal)
        && one.Tags.SequenceEqual(other.Tags, StringComparer.Ordinal);
}
