using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>How far a cluster can be replayed from somewhere, when a timeline is followed, with the WAL at hand.</summary>
/// <param name="Timeline">The timeline that is followed.</param>
/// <param name="End">The address after the last byte that can be had.</param>
/// <param name="Last">The last segment before something is missing; null when the first one is missing already.</param>
/// <param name="Gap">What is missing, when there is more behind it; null when the log just ends.</param>
internal sealed record WalReach(uint Timeline, NpgsqlLogSequenceNumber End, WalSegment? Last, WalGap? Gap)
{
    /// <summary>True when the last segment is that of an earlier timeline, and of use to the end only: what it has behind that is not of this history.</summary>
    public bool IsCut { get; init; }

    /// <summary>Follows a timeline from an address on.</summary>
    /// <param name="segments">The whole segments at hand.</param>
    /// <param name="history">Of the timeline that is followed.</param>
    /// <param name="from">Where replay begins: the redo address of a base backup.</param>
    /// <param name="size">Bytes of a segment.</param>
    public static WalReach Of(IReadOnlySet<WalSegment> segments, TimelineHistory history, NpgsqlLogSequenceNumber from, int size)
    {
        var number = (ulong)from / (uint)size;
        WalSegment? last = null;
        for (; segments.Contains(At(history, number, size)); number++) last = At(history, number, size);
        var missing = At(history, number, size);
        var behind = segments.Where(segment => segment.Number(size) > number && segment == At(history, segment.Number(size), size)).Select(segment => (ulong?)segment.Number(size)).Min();
        var gap = behind is { } found ? new WalGap(missing, At(history, found - 1, size), size) : null;
        if (FindCut(segments, history, missing, from, size) is { } cut) return new WalReach(history.Timeline, cut.Address, missing with { Timeline = cut.Timeline }, gap) { IsCut = true };
        var end = missing.Start(size);
        return new WalReach(history.Timeline, end < from ? from : end, last, gap);
    }

    /// <summary>The newest timeline that goes on from another one behind an address; itself when none does.</summary>
    public static TimelineHistory Newest(IEnumerable<TimelineHistory> histories, uint timeline, NpgsqlLogSequenceNumber from) =>
        histories.Where(history => history.Continues(timeline, from)).MaxBy(history => history.Timeline) ?? new TimelineHistory(timeline, []);

    /// <summary>A segment in which the timeline changes is that of the later one: its beginning is a copy of the earlier one's.</summary>
    public static WalSegment At(TimelineHistory history, ulong number, int size) =>
        WalSegment.Of(history.TimelineAt(new NpgsqlLogSequenceNumber(((number + 1) * (uint)size) - 1)), number, size);

    /// <summary>Where the segment of a switch is missing, as until it is full, but that of an earlier timeline is there, the log reaches to the switch.</summary>
    private static TimelineSwitch? FindCut(IReadOnlySet<WalSegment> segments, TimelineHistory history, WalSegment missing, NpgsqlLogSequenceNumber from, int size) =>
        history.Ancestors.LastOrDefault(left => left.Address > missing.Start(size) && left.Address < missing.End(size) && left.Address > from
            && history.Continues(left.Timeline, left.Address) && segments.Contains(missing with { Timeline = left.Timeline }));
}
