using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>Combines the small snapshots of the WAL that was archived since the last backup.</summary>
internal static class WalConsolidation
{
    /// <summary>The smallest number of snapshots that is worth combining.</summary>
    private const int Fewest = 4;

    /// <summary>
    /// Combines the snapshots, under the shared lock that the run holds already. A process that has just listed
    /// snapshots would fail when they are removed, so while any other process holds a lock they stay, until the next
    /// backup or until the service holds the only lock. A failure here does not fail the backup.
    /// </summary>
    public static async Task TryAsync(Repository repository, string platform, string cluster, StepContext context, CancellationToken cancellation)
    {
        try
        {
            using var catalogue = await WalCatalogue.ReadAsync(repository, platform, cluster, cancellation);
            if (catalogue.WalSnapshots.Count < Fewest || (await repository.ListLocksAsync(cancellation)).Count(held => !held.Stale) > 1) return;
            var made = await new WalArchive(repository, catalogue).ConsolidateAsync(cancellation);
            if (made > 0) context.Note($"{made} snapshots of archived WAL of {cluster} became one.");
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            context.Warn(Catalogue.WalScattered.With($"The snapshots of archived WAL of {cluster} could not be made one: {failure.ToProblem().Message}"));
        }
    }
}
