using System.Text.Json;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Retention;

/// <summary>
/// Removes WAL that no recovery point needs any more for an instant of the window. The archive's snapshots are
/// rewritten without it, so a shared lock is sufficient: pushes go on, and data stays until a prune.
/// </summary>
/// <param name="repository">An opened repository.</param>
/// <param name="platform">The platform whose WAL is removed.</param>
public sealed class WalRetention(Repository repository, string platform) : IDisposable
{
    /// <summary>
    /// The number of segments, from the end of a range, that are searched for the end of a transaction.
    /// </summary>
    private const int Searched = 8;

    private IReadOnlyList<ClusterPlan> _shown = [];

    private sealed record ClusterPlan(WalCatalogue Catalogue, ulong System, WalPlan Plan)
    {
        public string Cluster => Catalogue.Cluster;
    }

    /// <summary>The number of files that the last plan removes.</summary>
    public int Removed => _shown.Sum(one => one.Plan.Removed.Count);

    /// <summary>Plans the WAL of each cluster for the recovery points that a plan keeps. No WAL is read.</summary>
    /// <exception cref="ProblemException">The record of a base backup cannot be read.</exception>
    public async Task PlanAsync(ForgetPlan points, CancellationToken cancellation)
    {
        Dispose();
        foreach (var (cluster, system) in await ClustersAsync(cancellation))
        {
            var catalogue = await WalCatalogue.ReadAsync(repository, platform, cluster, system, cancellation);
            var kept = points.Decisions.Where(decision => decision.Stays);
            var plan = await PlanAsync(catalogue, system, points, kept, cancellation);
            _shown = [.. _shown, new ClusterPlan(catalogue, system, plan)];
        }
    }

    /// <summary>
    /// Describes the last plan. Up to 8 segments of each range are read for the end of its last transaction.
    /// </summary>
    /// <param name="onlyRemovals">
    /// Leaves out clusters from which nothing is removed; then nothing is read for them.
    /// </param>
    /// <param name="cancellation">Cancels the reading.</param>
    public async Task<IReadOnlyList<WalRetentionStatus>> DescribeAsync(bool onlyRemovals, CancellationToken cancellation)
    {
        var statuses = new List<WalRetentionStatus>();
        foreach (var one in _shown.Where(one => !onlyRemovals || one.Plan.Removed.Count > 0))
            statuses.Add(await DescribeAsync(one.Catalogue, one.System, one.Plan, cancellation));
        return statuses;
    }

    public void Dispose()
    {
        foreach (var one in _shown) one.Catalogue.Dispose();
        _shown = [];
    }

    /// <summary>The steps that remove what the last plan decided, as far as it is still to be removed then.</summary>
    /// <param name="points">Plans the recovery points again.</param>
    public IReadOnlyList<Step> Steps(Func<CancellationToken, Task<ForgetPlan>> points) =>
        [.. _shown.Where(one => one.Plan.Removed.Count > 0).Select(one => StepOf(one, points))];

    private Step StepOf(ClusterPlan shown, Func<CancellationToken, Task<ForgetPlan>> points) => new()
    {
        Name = $"Remove WAL of {shown.Cluster}",
        Does = $"Write the archive again without {shown.Plan.Removed.Count} files; their data stays until a prune.",
        Component = $"postgres/{shown.Cluster}",
        Destroys = true,
        Act = async (context, cancellation) =>
        {
            var decided = await points(cancellation);
            decided.RefuseUnlessSafe(isMore: true);
            await RemoveAsync(shown, decided, context, cancellation);
        },
    };

    private async Task RemoveAsync(
        ClusterPlan shown, ForgetPlan points, StepContext context, CancellationToken cancellation)
    {
        var (cluster, system) = (shown.Cluster, shown.System);
        using var catalogue = await WalCatalogue.ReadAsync(repository, platform, cluster, system, cancellation);
        // Other processes may have removed or created points; those that still exist stay.
        var plan = await PlanAsync(catalogue, system, points, points.Decisions, cancellation);
        var agreed = shown.Plan.Removed.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        var going = plan.Removed.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        going.IntersectWith(agreed);
        context.Counters.ItemsTotal = going.Count;
        await new WalArchive(repository, catalogue).RemoveAsync(going, cancellation);
        context.Counters.ItemsDone = going.Count;
    }

    private async Task<WalPlan> PlanAsync(
        WalCatalogue catalogue, ulong system, ForgetPlan points, IEnumerable<PointDecision> kept,
        CancellationToken cancellation)
    {
        var bases = new List<WalBase>();
        foreach (var decision in points.Decisions)
        {
            var record = await ReadRecordAsync(decision.Point, catalogue.Cluster, cancellation);
            if (record?.SystemIdentifier != system) continue;
            if (WalBase.Of(decision.Point.Id, record, decision.Counts) is { } found) bases.Add(found);
        }
        var files = catalogue.Archived.Select(WalFile.Find).OfType<WalFile>().ToList();
        var histories = await catalogue.ReadHistoriesAsync(cancellation);
        var inventory = new WalInventory(catalogue.SegmentSize, files, histories, bases);
        var ids = kept.Select(decision => decision.Point.Id).ToHashSet();
        return WalPlanner.Plan(inventory, ids, points.WalBegin?.ToDateTimeOffset());
    }

    /// <summary>
    /// Reads the record of a point. A point whose record cannot be read may need any WAL, so a failure ends the plan.
    /// </summary>
    private async Task<BaseRecord?> ReadRecordAsync(Snapshot point, string cluster, CancellationToken cancellation)
    {
        var path = BasePath.Record(cluster);
        var node = await repository.FindNodeAsync(point, path, cancellation);
        if (node is not { Type: NodeType.File }) return null;
        try
        {
            await using var content = repository.OpenFile(node);
            return await BaseRecord.ReadAsync(content, cancellation);
        }
        catch (JsonException unknown)
        {
            var what = $"'{path}' of recovery point {point.Id.ToShortString()} is not what this version writes";
            throw Catalogue.PointManifest.Throwable($"{what}, so no WAL is removed: {unknown.Message}", unknown);
        }
    }

    private async Task<IReadOnlyList<(string Cluster, ulong System)>> ClustersAsync(CancellationToken cancellation)
    {
        var found = from snapshot in (await repository.ListReadableSnapshotsAsync(cancellation)).Snapshots
                    let cluster = WalTags.ClusterOf(snapshot, platform)
                    let identity = WalTags.IdentityOf(snapshot)
                    where cluster is not null && identity is not null
                    select (Cluster: cluster, identity.System);
        return [.. found.Distinct().OrderBy(one => one.Cluster, StringComparer.Ordinal).ThenBy(one => one.System)];
    }

    private async Task<WalRetentionStatus> DescribeAsync(
        WalCatalogue catalogue, ulong system, WalPlan plan, CancellationToken cancellation)
    {
        var (removed, files) = (plan.Removed, new WalFiles(repository, catalogue));
        var times = new Dictionary<WalSegment, DateTimeOffset?>();
        return new WalRetentionStatus
        {
            Cluster = catalogue.Cluster,
            System = system,
            Removed = removed.Count,
            FirstRemoved = removed.Count > 0 ? removed[0].Name : null,
            LastRemoved = removed.Count > 0 ? removed[^1].Name : null,
            BytesRemoved = (long)removed.Count(file => file.Kind == WalFileKind.Segment) * catalogue.SegmentSize,
            Kept = plan.Decisions.Count - removed.Count,
            Before = await SpansAsync(plan.Before),
            After = await SpansAsync(plan.After),
        };

        async Task<IReadOnlyList<RestorableSpan>> SpansAsync(IReadOnlyList<RestorableRange> ranges)
        {
            var spans = new List<RestorableSpan>();
            foreach (var range in ranges)
            {
                if (!times.TryGetValue(range.Last, out var end))
                    times.Add(range.Last, end = await EndAsync(files, range, catalogue.SegmentSize, cancellation));
                spans.Add(new(range.Timeline, range.First.Time, end, range.First.Point.ToString(), range.Last.Name));
            }
            return spans;
        }
    }

    /// <summary>The end of the last transaction of a range: a restore to a later time is refused.</summary>
    private static async Task<DateTimeOffset?> EndAsync(
        WalFiles files, RestorableRange range, int size, CancellationToken cancellation)
    {
        var first = range.First.First(size);
        for (var (number, left) = (range.Last.Number(size), Searched); left > 0 && number >= first; number--, left--)
        {
            var name = WalSegment.Of(range.Last.Timeline, number, size).Name;
            if (await files.ReadAsync(name, cancellation) is not { } segment) continue;
            if (WalRecords.Read(segment).LastTransaction is { } time) return time;
        }
        return null;
    }
}
