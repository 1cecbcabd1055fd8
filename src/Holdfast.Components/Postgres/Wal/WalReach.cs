using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>How far a cluster can be replayed from an LSN along a timeline, with the available WAL.</summary>
/// <param name="Timeline">The timeline that is followed.</param>
/// <param name="End">The LSN after the last available byte.</param>
/// <param name="Last">The last segment before a gap or the end; null when the first one is missing already.</param>
/// <param name="Gap">The missing segments, when there is later WAL; null when the WAL just ends.</param>
internal sealed record WalReach(uint Timeline, NpgsqlLogSequenceNumber End, WalSegment? Last, WalGap? Gap)
{
    /// <summary>
    /// True when the last segment is of an earlier timeline, and can be replayed up to the switch only: the rest of it
    /// is not in this history.
    /// </summary>
    public bool IsCut { get; init; }

    /// <summary>Follows a timeline from an LSN on.</summary>
    /// <param name="segments">The available whole segments.</param>
    /// <param name="history">The history of the timeline that is followed.</param>
    /// <param name="from">The LSN at which replay begins: the redo LSN of a base backup.</param>
    /// <param name="size">The segment size in bytes.</param>
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

    /// <summary>
    /// The newest timeline that branched off from another one after an LSN; that one itself when there is none.
    /// </summary>
    public static TimelineHistory Newest(IEnumerable<TimelineHistory> histories, uint timeline, NpgsqlLogSequenceNumber from) =>
        histories.Where(history => history.Continues(timeline, from)).MaxBy(history => history.Timeline) ?? new TimelineHistory(timeline, []);

    /// <summary>
    /// The segment of a number. Where the timeline changes within it, that of the later timeline: its beginning is a
    /// copy of the earlier one's.
    /// </summary>
    public static WalSegment At(TimelineHistory history, ulong number, int size) =>
        WalSegment.Of(history.TimelineAt(new NpgsqlLogSequenceNumber(((number + 1) * (uint)size) - 1)), number, size);

    /// <summary>
    /// Finds a switch at which the WAL ends: its segment on the new timeline is missing, as it is until it is full, but
    /// that of an earlier timeline exists.
    /// </summary>
    private static TimelineSwitch? FindCut(IReadOnlySet<WalSegment> segments, TimelineHistory history, WalSegment missing, NpgsqlLogSequenceNumber from, int size) =>
        history.Ancestors.LastOrDefault(left => left.Address > missing.Start(size) && left.Address < missing.End(size) && left.Address > from
            && history.Continues(left.Timeline, left.Address) && segments.Contains(missing with { Timeline = left.Timeline }));
}
