using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>
/// The snapshots that a copy is to have, and the recovery points to remove from it. Nothing is read or written. The
/// rules of the copy are applied to the points of both repositories together: a point that the copy has kept longer
/// than the source counts, and a point that the copy would not keep is not copied in the first place.
/// </summary>
/// <param name="Wanted">Snapshots of the source that the copy is to have, oldest first.</param>
/// <param name="Going">Recovery points of the copy that its rules no longer keep, oldest first.</param>
/// <param name="Refusals">The reasons why none of those is removed now; usually empty.</param>
public sealed record CopySelection(
    IReadOnlyList<Snapshot> Wanted, IReadOnlyList<Snapshot> Going, IReadOnlyList<Problem> Refusals)
{
    /// <summary>Applies a request.</summary>
    /// <param name="request">The options of the copy.</param>
    /// <param name="source">All snapshots of the source.</param>
    /// <param name="copy">All snapshots of the copy.</param>
    /// <param name="now">The current time.</param>
    /// <param name="zone">The local time zone.</param>
    public static CopySelection Of(
        CopyRequest request, IReadOnlyList<Snapshot> source, IReadOnlyList<Snapshot> copy, Timestamp now,
        TimeZoneInfo zone)
    {
        var ours = source.Where(request.IsOurs).ToList();
        var others = ours.Where(snapshot => !PointTags.IsPoint(snapshot)).Where(request.IsWanted);
        var points = ours.Where(PointTags.IsPoint).ToList();
        if (request.Points is { } named) points.RemoveAll(point => !named.Contains(point.Id));
        if (request.Keep.IsEmpty || request.Points is not null)
            return new([.. points.Concat(others).OrderBy(snapshot => snapshot.Time)], [], []);
        var there = copy.Where(snapshot => PointTags.IsPoint(snapshot) && request.IsOurs(snapshot)).ToList();
        var plan = Plan(request, points, there, now, zone);
        var gone = plan.Removed.Select(point => point.Id).ToHashSet();
        var wanted = points.Where(point => !gone.Contains(SnapshotCopies.OriginOf(point)));
        var going = there.Where(point => gone.Contains(SnapshotCopies.OriginOf(point))).ToList();
        return new([.. wanted.Concat(others).OrderBy(snapshot => snapshot.Time)], going, plan.Refusals);
    }

    /// <summary>A point of both repositories counts once, under its original id, which pins use.</summary>
    private static ForgetPlan Plan(
        CopyRequest request, List<Snapshot> source, List<Snapshot> copy, Timestamp now, TimeZoneInfo zone)
    {
        var settings = new RetentionSettings { Keep = request.Keep, Pins = request.Pins };
        var all = source.Concat(copy).Select(point => point with { Id = SnapshotCopies.OriginOf(point) });
        return new ForgetPlanner(settings, now, zone).Plan(all.DistinctBy(point => point.Id), mayRemoveMost: true);
    }
}
