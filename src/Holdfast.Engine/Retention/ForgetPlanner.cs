using System.Globalization;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Retention;

/// <summary>
/// Decides which recovery points of one platform are kept. Nothing is read or written. Only complete points whose time
/// is not in the future fill counts; spans, the WAL window and the ends of pins are counted back from the newest of
/// them, never from the clock, so that a fast clock causes no removal.
/// </summary>
/// <param name="settings">The settings of the profile.</param>
/// <param name="now">The current time.</param>
/// <param name="zone">The local time zone.</param>
public sealed class ForgetPlanner(RetentionSettings settings, Timestamp now, TimeZoneInfo zone)
{
    /// <summary>
    /// A point can be restored to from its mark on, which is after its time and before that of the next point: so two
    /// points from before the window cover its beginning.
    /// </summary>
    private const int PointsBeforeWindow = 2;

    /// <summary>Applies the rules.</summary>
    /// <param name="points">All recovery points of one platform, in any order.</param>
    /// <param name="mayRemoveMost">Whether more than half of the points may be removed.</param>
    public ForgetPlan Plan(IEnumerable<Snapshot> points, bool mayRemoveMost)
    {
        var ordered = Ordered(points);
        var counted = ordered.Where(Counts).ToList();
        var reasons = ordered.ToDictionary(point => point.Id, _ => new List<string>());
        var kept = KeepPolicy.Apply([.. counted.Select(point => point.Time)], settings.Keep, zone);
        foreach (var (point, rules) in counted.Zip(kept)) reasons[point.Id].AddRange(rules);
        if (ordered.FirstOrDefault(PointTags.IsWhole) is { } last) reasons[last.Id].Add("newest complete point");
        foreach (var point in ordered.Where(point => !Counts(point)))
            reasons[point.Id].AddRange(ReasonsOfUncounted(point, counted));
        KeepWindow(ordered, counted, reasons);
        var unknown = KeepPinned(ordered, counted, reasons);
        if (settings.Keep.IsEmpty)
            foreach (var point in ordered) reasons[point.Id].Add("no rule removes it");
        var decisions = Decide(ordered, reasons);
        var refusals = Refusals(decisions, counted, unknown, mayRemoveMost);
        return new ForgetPlan(decisions, refusals)
        {
            WalBegin = WindowBegin(counted), MessagesBegin = BeginOf(settings.MessagesKept, counted),
        };
    }

    /// <summary>Removes the points that a person names, unless they are pinned or the last complete point.</summary>
    /// <param name="points">All recovery points of one platform, in any order.</param>
    /// <param name="named">The points to remove.</param>
    /// <exception cref="ProblemException">One of the points must be kept.</exception>
    public ForgetPlan PlanNamed(IEnumerable<Snapshot> points, IReadOnlySet<Id> named)
    {
        var ordered = Ordered(points);
        var reasons = ordered.ToDictionary(point => point.Id, _ => new List<string>());
        KeepPinned(ordered, [.. ordered.Where(Counts)], reasons);
        var whole = ordered.Where(PointTags.IsWhole).ToList();
        if (whole.Count > 0 && whole.All(point => named.Contains(point.Id)))
            reasons[whole[0].Id].Add("the last complete point of the platform");
        if (ordered.Find(point => named.Contains(point.Id) && reasons[point.Id].Count > 0) is { } kept)
        {
            var why = string.Join(", ", reasons[kept.Id]);
            throw Catalogue.RetentionKept.Throwable($"Recovery point {kept.Id.ToShortString()} is not removed: {why}.");
        }
        foreach (var point in ordered.Where(point => !named.Contains(point.Id))) reasons[point.Id].Add("not named");
        return new ForgetPlan(Decide(ordered, reasons), []);
    }

    private bool Counts(Snapshot point) => PointTags.IsWhole(point) && point.Time <= now;

    private static List<Snapshot> Ordered(IEnumerable<Snapshot> points) =>
        [.. points.OrderByDescending(point => point.Time).ThenBy(point => point.Id.ToString(), StringComparer.Ordinal)];

    private IEnumerable<string> ReasonsOfUncounted(Snapshot point, List<Snapshot> counted)
    {
        if (point.Time > now) yield return "its time is in the future";
        else if (counted.Count == 0 || point.Time > counted[0].Time) yield return "no complete point since";
        else if (settings.Keep.Within is { IsZero: false } within && point.Time > within.Before(counted[0].Time, zone))
            yield return $"within {within}";
    }

    /// <summary>All points of the window are kept: each may be the only way past a missing segment.</summary>
    private void KeepWindow(List<Snapshot> ordered, List<Snapshot> counted, Dictionary<Id, List<string>> reasons)
    {
        if (settings.WalWindow is not { } window || WindowBegin(counted) is not { } begin) return;
        foreach (var point in ordered.Where(point => point.Time > begin))
            reasons[point.Id].Add($"in the WAL window of {window}");
        foreach (var point in counted.Where(point => point.Time <= begin).Take(PointsBeforeWindow))
            reasons[point.Id].Add($"begins the WAL window of {window}");
    }

    private Timestamp? WindowBegin(List<Snapshot> counted) => BeginOf(settings.WalWindow, counted);

    private Timestamp? BeginOf(CalendarSpan? span, List<Snapshot> counted) =>
        counted.Count > 0 ? span?.Before(counted[0].Time, zone) : null;

    /// <returns>Pins that are in force and match no point.</returns>
    private List<Pin> KeepPinned(List<Snapshot> ordered, List<Snapshot> counted, Dictionary<Id, List<string>> reasons)
    {
        var newest = DateOnly.FromDateTime((counted.Count > 0 ? counted[0].Time : now).ToDateTimeOffset().DateTime);
        var unknown = new List<Pin>();
        foreach (var pin in settings.Pins.Where(pin => pin.Until is not { } until || newest <= until))
        {
            var pinned = ordered.Where(point => Fits(pin, point)).ToList();
            foreach (var point in pinned) reasons[point.Id].Add(Describe(pin));
            if (pinned.Count == 0) unknown.Add(pin);
        }
        return unknown;
    }

    private static bool Fits(Pin pin, Snapshot point) =>
        point.Id.ToString().StartsWith(pin.Point, StringComparison.Ordinal);

    private static string Describe(Pin pin) => pin.Until is { } until
        ? string.Create(CultureInfo.InvariantCulture, $"pinned until {until:yyyy-MM-dd}: {pin.Reason}")
        : $"pinned: {pin.Reason}";

    private List<Problem> Refusals(
        List<PointDecision> decisions, List<Snapshot> counted, List<Pin> unknown, bool mayRemoveMost)
    {
        var removed = decisions.Count(decision => !decision.Stays);
        var refusals = new List<Problem>();
        if (settings.StaleAfter is { } limit && counted.Count > 0 && counted[0].Time < limit.Before(now, zone))
            refusals.Add(Catalogue.RetentionStale.With($"The newest complete recovery point is of {counted[0].Time}, more than {limit} ago, so none is removed."));
        if (unknown.Count > 0)
            refusals.Add(Catalogue.RetentionPin.With($"The pin of recovery point {unknown[0].Point} ('{unknown[0].Reason}') fits no point, so none is removed."));
        if (!mayRemoveMost && 2 * removed > decisions.Count)
            refusals.Add(Catalogue.RetentionMost.With($"{removed} of {decisions.Count} recovery points would be removed, more than half."));
        return refusals;
    }

    private List<PointDecision> Decide(List<Snapshot> ordered, Dictionary<Id, List<string>> reasons) =>
        [.. Enumerable.Reverse(ordered).Select(point => Decide(point, reasons[point.Id]))];

    private PointDecision Decide(Snapshot point, List<string> reasons)
    {
        var stays = reasons.Count > 0;
        return new PointDecision(point, stays, stays ? reasons : [WhyNot(point)]) { Counts = Counts(point) };
    }

    private static string WhyNot(Snapshot point) =>
        PointTags.IsIncomplete(point) ? "incomplete, and a complete point is newer"
        : PointTags.IsPartial(point) ? "partial, and a complete point is newer"
        : "no rule keeps it";
}
