using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>What a backup does with the WAL that was archived since the last one: many small snapshots become one.</summary>
internal static class WalConsolidation
{
    /// <summary>Fewer than these are no burden.</summary>
    private const int Fewest = 4;

    /// <summary>
    /// The run holds a shared lock already. Snapshots that vanish would trouble somebody who has just listed them, so while anybody else
    /// holds a lock they stay, until the next point or until the service has the repository for itself. It is no reason for a backup to fail.
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
