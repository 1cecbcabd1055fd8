using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Queues.Archives;

/// <summary>The snapshots of a repository that hold messages.</summary>
public static class QueueArchives
{
    /// <summary>
    /// Finds the platform's newest archive for "latest"; otherwise an archive or a recovery point, by a prefix of its
    /// id.
    /// </summary>
    /// <exception cref="ProblemException">There is no such snapshot, or it has no messages.</exception>
    public static async Task<Snapshot> FindAsync(Repository repository, string platform, string name, Action<Problem> warn, CancellationToken cancellation)
    {
        if (name == "latest")
            return (await new RecoveryPoints(repository, warn).ListSnapshotsAsync(cancellation)).LastOrDefault(snapshot => QueueTags.IsArchive(snapshot, platform))
                ?? throw Catalogue.PointMissing.Throwable($"There is no archive of messages of the platform '{platform}'.", "Name a recovery point to put back its messages; 'holdfast points list --all' shows all snapshots.");
        var found = await repository.FindSnapshotAsync(name, cancellation);
        return PointTags.IsPoint(found) || QueueTags.IsArchive(found, platform)
            ? found
            : throw Catalogue.PointMissing.Throwable($"The snapshot {found.Id.ToShortString()} has no messages of the platform '{platform}'.", "'holdfast points list --all' shows all snapshots; archives of messages have the tag 'queues'.");
    }
}
