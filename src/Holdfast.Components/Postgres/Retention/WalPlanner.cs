using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Retention;

/// <summary>
/// Decides which files of a cluster's WAL archive stay. Nothing is read or written. Along each timeline WAL stays from
/// the newest base backup on whose mark is not later than the window's beginning, or from the oldest one when there is
/// none; what a kept base backup needs to be consistent stays too.
/// </summary>
internal static class WalPlanner
{
    /// <summary>Plans which files stay.</summary>
    /// <param name="inventory">What there is, with the base backups of all recovery points.</param>
    /// <param name="kept">The recovery points that stay.</param>
    /// <param name="begin">
    /// Where the window begins, counted back from the newest complete point; null keeps all WAL.
    /// </param>
    public static WalPlan Plan(WalInventory inventory, IReadOnlySet<Id> kept, DateTimeOffset? begin)
    {
        var left = inventory.With(kept);
        var whyAll = begin is null ? "no window is set"
            : left.Bases.Any(one => one.Counts) ? null
            : "no complete recovery point holds files of the cluster";
        var needs = begin is { } start && whyAll is null ? Needs(left, start) : [];
        var files = inventory.Files.OrderBy(file => file.Name, StringComparer.Ordinal);
        List<WalDecision> decisions = [.. files.Select(Decide)];
        var stay = decisions.Where(decision => decision.Stays).Select(decision => decision.File).ToList();
        return new WalPlan(decisions, Restorable(inventory), Restorable(left with { Files = stay }));

        WalDecision Decide(WalFile file)
        {
            var why = file.Kind == WalFileKind.History ? "the number of a timeline is never used again" : whyAll;
            if (why is not null) return new WalDecision(file, Stays: true, why);
            var number = file.Segment.Number(inventory.SegmentSize);
            return needs.Find(need => need.Has(file.Segment.Timeline, number)) is { } found
                ? new WalDecision(file, Stays: true, found.Reason)
                : new WalDecision(file, Stays: false, "no recovery point that stays needs it for the window");
        }
    }

    /// <summary>
    /// What can be restored, by timeline and LSN. Points that can be restored to their marks alone are left out.
    /// </summary>
    public static IReadOnlyList<RestorableRange> Restorable(WalInventory inventory)
    {
        var (size, histories) = (inventory.SegmentSize, inventory.Paths);
        var segments = inventory.Files.Where(file => file.Kind == WalFileKind.Segment).Select(file => file.Segment);
        var held = segments.Concat(inventory.Bases.SelectMany(one => one.Own(size))).ToHashSet();
        var followed = inventory.Bases.Where(one => one.Counts)
            .GroupBy(one => WalReach.Newest(histories, one.Timeline, one.Stop).Timeline);
        return [.. followed.OrderBy(group => group.Key).SelectMany(Ranges)];

        IEnumerable<RestorableRange> Ranges(IGrouping<uint, WalBase> bases)
        {
            var history = histories.First(one => one.Timeline == bases.Key);
            var numbers = held.Select(segment => segment.Number(size)).ToHashSet();
            numbers.RemoveWhere(number => !held.Contains(WalReach.At(history, number, size)));
            var end = (ulong?)null;
            foreach (var one in bases.OrderBy(one => one.Start).ThenBy(one => one.Mark))
            {
                var last = one.First(size);
                if (last <= end || !numbers.Contains(last)) continue; // the previous range includes it, or none does
                while (numbers.Contains(last + 1)) last++;
                end = last;
                if (last > one.Last(size)) yield return new(history.Timeline, one, WalReach.At(history, last, size));
            }
        }
    }

    /// <summary>Segments that stay, by timeline and number, for one reason.</summary>
    private sealed record Need(Func<uint, ulong, bool> Has, string Reason);

    private static List<Need> Needs(WalInventory inventory, DateTimeOffset begin)
    {
        var (size, counted) = (inventory.SegmentSize, inventory.Bases.Where(one => one.Counts).ToList());
        var newest = counted.Max(one => one.Timeline);
        var needs = new List<Need>();
        foreach (var history in inventory.Paths)
        {
            var isUnknown = history.Timeline > 1 && history.Ancestors.Count == 0;
            var bases = counted.Where(one => history.Continues(one.Timeline, one.Stop)).OrderBy(one => one.Start);
            if (First([.. bases], begin) is { } first)
                needs.Add(new(On(history, first.First(size), size), $"replayed on {first.Point.ToShortString()}"));
            else if (history.Timeline > newest || isUnknown)
                needs.Add(new((timeline, _) => timeline == history.Timeline, "no point is on its timeline yet"));
        }
        foreach (var one in inventory.Bases)
            needs.Add(new(Of(one, size), $"{one.Point.ToShortString()} needs it to be consistent"));
        return needs;
    }

    /// <summary>
    /// The base backup from which on WAL stays: the last one whose mark, like the marks of all before it in the WAL, is
    /// not later than the beginning; the oldest one when there is none. So a clock that was ahead keeps more.
    /// </summary>
    private static WalBase? First(List<WalBase> bases, DateTimeOffset begin) =>
        bases.TakeWhile(one => one.Time <= begin).LastOrDefault() ?? bases.FirstOrDefault();

    /// <summary>
    /// The segments on the path of a history from a segment on. Where the timeline changes within a segment, that of
    /// the earlier timeline stays too: it is needed up to the switch while the later one's is missing, and a prepared
    /// transaction is searched for in it.
    /// </summary>
    private static Func<uint, ulong, bool> On(TimelineHistory history, ulong first, int size)
    {
        var left = history.Ancestors.Select(one => WalSegment.Before(one.Timeline, one.Address, size)).ToHashSet();
        return (timeline, number) => number >= first
            && (WalReach.At(history, number, size).Timeline == timeline
                || left.Contains(WalSegment.Of(timeline, number, size)));
    }

    private static Func<uint, ulong, bool> Of(WalBase one, int size) =>
        (timeline, number) => timeline == one.Timeline && number >= one.First(size) && number <= one.Last(size);
}
