using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Retention;

/// <summary>
/// Removes archives of messages that are older than the profile keeps them. As with recovery points, only the snapshots
/// are removed; data remains until a prune, and a shared lock is enough.
/// </summary>
/// <param name="repository">Opened.</param>
/// <param name="platform">The platform of the archives.</param>
public sealed class MessageRemoval(Repository repository, string platform)
{
    /// <summary>The archives that the last plan removes, oldest first.</summary>
    public IReadOnlyList<Snapshot> Going { get; private set; } = [];

    /// <summary>The number of archives that are kept.</summary>
    public int Kept { get; private set; }

    /// <summary>The number of archives that were removed.</summary>
    public int Removed { get; private set; }

    /// <summary>Decides about the archives that exist now.</summary>
    /// <param name="plan">The plan that sets the time before which archives are removed; null keeps all of
    /// them.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task PlanAsync(ForgetPlan plan, CancellationToken cancellation)
    {
        var archives = (await repository.ListReadableSnapshotsAsync(cancellation)).Snapshots.Where(IsOurs).ToList();
        Going = plan.MessagesBegin is { } begin ? [.. archives.Where(archive => archive.Time < begin)] : [];
        Kept = archives.Count - Going.Count;
    }

    /// <summary>
    /// The step that removes the archives of the last plan, except those that a new plan, made when the step runs,
    /// would keep.
    /// </summary>
    /// <param name="points">Plans the recovery points again.</param>
    public IReadOnlyList<Step> Steps(Func<CancellationToken, Task<ForgetPlan>> points) => Going.Count == 0 ? [] :
    [
        new Step
        {
            Name = "Remove archives of messages",
            Does = $"Remove the snapshots of {Going.Count} archives of messages; their data stays until a prune.",
            Destroys = true,
            Act = async (context, cancellation) =>
            {
                var agreed = Going.Select(archive => archive.Id).ToHashSet();
                var decided = await points(cancellation);
                decided.RefuseUnlessSafe(isMore: true);
                await PlanAsync(decided, cancellation);
                await RemoveAsync([.. Going.Where(archive => agreed.Contains(archive.Id))], context, cancellation);
            },
        },
    ];

    private async Task RemoveAsync(List<Snapshot> going, StepContext context, CancellationToken cancellation)
    {
        context.Counters.ItemsTotal = going.Count;
        foreach (var archive in going)
        {
            await repository.ForgetAsync(archive.Id, cancellation);
            Removed++;
            context.Counters.ItemsDone++;
        }
    }

    private bool IsOurs(Snapshot snapshot) =>
        PointTags.IsMessages(snapshot) && PointTags.PlatformOf(snapshot) == platform;
}
