using Holdfast.Components.Postgres.Format;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Retention;

/// <summary>What there is of one cluster, as far as its retention depends on it.</summary>
/// <param name="SegmentSize">Bytes.</param>
/// <param name="Files">The files of the WAL archive; those that only recovery points hold are not among them.</param>
/// <param name="Histories">The histories that could be read.</param>
/// <param name="Bases">The base backups of all recovery points.</param>
internal sealed record WalInventory(
    int SegmentSize, IReadOnlyList<WalFile> Files, IReadOnlyList<TimelineHistory> Histories,
    IReadOnlyList<WalBase> Bases)
{
    /// <summary>What is left when only some recovery points are.</summary>
    public WalInventory With(IReadOnlySet<Id> points) =>
        this with { Bases = [.. Bases.Where(one => points.Contains(one.Point))] };

    /// <summary>All histories, those of timelines that have no file too: the first has none.</summary>
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
