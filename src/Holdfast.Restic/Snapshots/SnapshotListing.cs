using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Snapshots;

/// <summary>What a repository has of snapshots: those that can be read, oldest first, and what there is to say of the others.</summary>
public sealed record SnapshotListing(IReadOnlyList<Snapshot> Snapshots, IReadOnlyList<DamagedSnapshot> Damaged);

/// <summary>A file of a snapshot that is not what was written; nobody knows what it held.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Message">One sentence on what is wrong with it.</param>
public sealed record DamagedSnapshot(Id Id, string Message)
{
    /// <summary>The file's path in the repository.</summary>
    public string File => Layout.PathOf(FileKind.Snapshot, Id.ToString());
}
