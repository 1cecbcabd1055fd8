using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Snapshots;

/// <summary>The snapshots of a repository: the readable ones, oldest first, and the failures of the others.</summary>
public sealed record SnapshotListing(IReadOnlyList<Snapshot> Snapshots, IReadOnlyList<DamagedSnapshot> Damaged);

/// <summary>A damaged snapshot file, whose content is unknown.</summary>
/// <param name="Id">The name of the file.</param>
/// <param name="Message">One sentence about the damage.</param>
public sealed record DamagedSnapshot(Id Id, string Message)
{
    /// <summary>The file's path in the repository.</summary>
    public string File => Layout.PathOf(FileKind.Snapshot, Id.ToString());
}
