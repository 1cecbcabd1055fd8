using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Retention;

/// <summary>The base backup in a recovery point, which also contains its WAL from the start to the mark.</summary>
/// <param name="Point">The recovery point.</param>
/// <param name="Timeline">The timeline on which it was taken.</param>
/// <param name="Start">The LSN at which replay begins.</param>
/// <param name="Stop">The LSN at which the files become consistent.</param>
/// <param name="Mark">The LSN of the recovery point's mark.</param>
/// <param name="Time">The time of the mark: while the WAL has no gap, any later instant can be restored.</param>
/// <param name="Counts">True when it is in a complete recovery point that is not dated in the future.</param>
internal sealed record WalBase(
    Id Point, uint Timeline, NpgsqlLogSequenceNumber Start, NpgsqlLogSequenceNumber Stop, NpgsqlLogSequenceNumber Mark,
    DateTimeOffset Time, bool Counts)
{
    /// <summary>
    /// The maximum number of segments that a backup can write: a record with more was not written by a backup.
    /// </summary>
    private const ulong Most = 1 << 20;

    /// <summary>
    /// Creates the base backup of a record; null for the files of a cluster that was shut down, on which no WAL is
    /// replayed.
    /// </summary>
    /// <exception cref="ProblemException">The LSNs of the record are not valid.</exception>
    public static WalBase? Of(Id point, BaseRecord record, bool counts)
    {
        if (record is not { Method: "base", StartLsn: { } start, StopLsn: { } stop }) return null;
        var (mark, time) = (record.Mark?.Lsn ?? stop, record.Mark?.Time ?? record.Stopped);
        var found = new WalBase(
            point, record.Timeline, BaseRecord.Lsn(start), BaseRecord.Lsn(stop), BaseRecord.Lsn(mark), time, counts);
        if (found.Last(record.SegmentSize) - found.First(record.SegmentSize) <= Most) return found;
        throw Catalogue.PointManifest.Throwable(
            $"Recovery point {point.ToShortString()} says that its WAL is from {start} to {mark}, so no WAL is removed.");
    }

    /// <summary>The number of the first segment that it needs.</summary>
    public ulong First(int size) => WalSegment.Of(Timeline, Start, size).Number(size);

    /// <summary>The number of the last segment that it needs to be restored to its mark.</summary>
    public ulong Last(int size) => WalSegment.Before(Timeline, Mark, size).Number(size);

    /// <summary>The segments that its recovery point holds.</summary>
    public IEnumerable<WalSegment> Own(int size)
    {
        for (var number = First(size); number <= Last(size); number++)
            yield return WalSegment.Of(Timeline, number, size);
    }
}
