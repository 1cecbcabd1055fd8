using Holdfast.Components.Postgres.Format;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Retention;

/// <summary>The WAL and base backups of one cluster that retention depends on.</summary>
/// <param name="SegmentSize">The segment size in bytes.</param>
/// <param name="Files">The files of the WAL archive; those that only recovery points hold are not among them.</param>
/// <param name="Histories">The histories that could be read.</param>
/// <param name="Bases">The base backups of all recovery points.</param>
internal sealed record WalInventory(
    int SegmentSize, IReadOnlyList<WalFile> Files, IReadOnlyList<TimelineHistory> Histories,
    IReadOnlyList<WalBase> Bases)
{
    /// <summary>Returns the inventory reduced to some recovery points.</summary>
    public WalInventory With(IReadOnlySet<Id> points) =>
        this with { Bases = [.. Bases.Where(one => points.Contains(one.Point))] };

    /// <summary>All histories, including those of timelines that have no history file, as the first.</summary>
    public IReadOnlyList<TimelineHistory> Paths
    {
        get
        {
            var known = Histories.DistinctBy(history => history.Timeline).ToDictionary(history => history.Timeline);
            var timelines = Files.Select(file => file.Segment.Timeline).Concat(Bases.Select(one => one.Timeline));
            return [.. timelines.Concat(known.Keys).Distinct().Order().Select(Find)];

            TimelineHistory Find(uint timeline) =>
                known.GetValueOrDefault(timeline) ?? new TimelineHistory(timeline, []);
        }
    }
}
