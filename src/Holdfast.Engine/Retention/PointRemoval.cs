using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Retention;

/// <summary>
/// Removes recovery points of a platform. Only their snapshots are removed: data remains until a prune, so a shared
/// lock is enough, and processes that read one of them meanwhile continue.
/// </summary>
/// <param name="repository">Opened.</param>
/// <param name="platform">The platform of the points.</param>
/// <param name="decide">Decides about all points of the platform.</param>
public sealed class PointRemoval(
    Repository repository, string platform, Func<IReadOnlyList<Snapshot>, ForgetPlan> decide)
{
    /// <summary>The points that were removed.</summary>
    public IReadOnlyList<Snapshot> Removed { get; private set; } = [];

    /// <summary>Decides about the points that exist now.</summary>
    /// <exception cref="ResticException">The repository is damaged: a snapshot cannot be read, so its kind is
    /// unknown.</exception>
    public async Task<ForgetPlan> PlanAsync(CancellationToken cancellation)
    {
        var listing = await repository.ListReadableSnapshotsAsync(cancellation);
        if (listing.Damaged is [var damaged, ..])
        {
            var message = $"The file '{damaged.File}' cannot be read, so no recovery point is removed: {damaged.Message}";
            throw new ResticException(ResticError.Damaged, message);
        }
        return decide([.. listing.Snapshots.Where(IsPoint)]);
    }

    /// <summary>
    /// The step that removes the points of a plan, except those that a new plan, made when the step runs, would keep.
    /// </summary>
    public IReadOnlyList<Step> Steps(ForgetPlan shown) => shown.Removed is not { Count: > 0 } points ? [] :
    [
        new Step
        {
            Name = "Remove recovery points",
            Does = $"Remove the snapshots of {points.Count} recovery points; their data stays until a prune.",
            Destroys = true,
            Act = (context, cancellation) => RemoveAsync(shown, context, cancellation),
        },
    ];

    private async Task RemoveAsync(ForgetPlan shown, StepContext context, CancellationToken cancellation)
    {
        var agreed = shown.Removed.Select(point => point.Id).ToHashSet();
        var plan = await PlanAsync(cancellation); // others may have removed points, or taken one
        plan.RefuseUnlessSafe();
        var going = plan.Removed.Where(point => agreed.Contains(point.Id)).ToList();
        context.Counters.ItemsTotal = going.Count;
        foreach (var point in going)
        {
            await repository.ForgetAsync(point.Id, cancellation);
            Removed = [.. Removed, point];
            context.Counters.ItemsDone++;
        }
    }

    private bool IsPoint(Snapshot snapshot) =>
        PointTags.IsPoint(snapshot) && PointTags.PlatformOf(snapshot) == platform;
}
