using System.Buffers.Binary;
using Holdfast.Engine.Points;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Retention;

/// <summary>
/// The result of applying the rules for some time, when backups continue at their present interval and the rules are
/// applied after each of them. Nothing is read or written: <see cref="ForgetPlanner"/> is run once for each simulated
/// backup. Simulated points are complete; the simulation starts with the existing points.
/// </summary>
/// <param name="Interval">The time between two backups.</param>
/// <param name="Measured">The number of measured intervals; 0 for the default of one day, used when there are fewer
/// than two.</param>
/// <param name="End">The time of the last backup.</param>
/// <param name="Left">The points that are left, oldest first, with the reasons for each.</param>
/// <param name="Most">The largest number of points at any time, after the rules had been applied.</param>
public sealed record ForgetSimulation(
    TimeSpan Interval, int Measured, Timestamp End, IReadOnlyList<PointDecision> Left, int Most)
{
    /// <summary>The largest number of simulated backups: a year of one every half hour.</summary>
    public const int MostBackups = 20_000;

    /// <summary>
    /// The number of recent intervals that are measured: rules have removed older points, so older intervals do not
    /// show when backups ran.
    /// </summary>
    private const int Recent = 7;

    private const int Fewest = 2;

    /// <summary>
    /// The median of the newest 7 intervals between complete points, and how many there were; one day when there are
    /// fewer than 2.
    /// </summary>
    /// <param name="points">All points of one platform, in any order.</param>
    /// <param name="now">The current time; later points do not count.</param>
    public static (TimeSpan Interval, int Measured) Habit(IEnumerable<Snapshot> points, Timestamp now)
    {
        var times = points.Where(point => PointTags.IsWhole(point) && point.Time <= now)
            .Select(point => point.Time.ToDateTimeOffset()).OrderDescending().Take(Recent + 1).ToList();
        var intervals = times.Zip(times.Skip(1), (later, earlier) => later - earlier)
            .Where(interval => interval >= TimeSpan.FromSeconds(1)).Order().ToList();
        return intervals.Count < Fewest ? (TimeSpan.FromDays(1), 0) : (intervals[intervals.Count / 2], intervals.Count);
    }

    /// <summary>Simulates backups and the rules for a length of time.</summary>
    /// <param name="settings">The settings of the profile.</param>
    /// <param name="points">All points of one platform, in any order.</param>
    /// <param name="begin">The current time.</param>
    /// <param name="length">The time for which backups continue, from the newest complete point, or from <paramref
    /// name="begin"/>.</param>
    /// <param name="zone">The local time zone.</param>
    /// <exception cref="ArgumentOutOfRangeException">The simulation would need more than <see cref="MostBackups"/>
    /// backups.</exception>
    public static ForgetSimulation Run(
        RetentionSettings settings, IReadOnlyList<Snapshot> points, Timestamp begin, CalendarSpan length, TimeZoneInfo zone)
    {
        var (interval, measured) = Habit(points, begin);
        var counted = points.Where(point => PointTags.IsWhole(point) && point.Time <= begin).ToList();
        var newest = counted.MaxBy(point => point.Time);
        var first = (newest?.Time ?? begin).ToDateTimeOffset();
        var backups = (length.After(first) - first).Ticks / interval.Ticks;
        if (backups > MostBackups) throw new ArgumentOutOfRangeException(nameof(length), length, "There are too many backups.");
        var plan = new ForgetPlanner(settings, begin, zone).Plan(points, mayRemoveMost: true);
        var most = plan.Kept;
        for (var number = 1; number <= backups; number++)
        {
            var point = Next(newest, number, Timestamp.FromDateTimeOffset(first + (number * interval)).In(zone));
            var there = plan.Decisions.Where(decision => decision.Stays).Select(decision => decision.Point);
            plan = new ForgetPlanner(settings, point.Time, zone).Plan(there.Append(point), mayRemoveMost: true);
            most = Math.Max(most, plan.Kept);
        }
        var end = Timestamp.FromDateTimeOffset(first + (backups * interval)).In(zone);
        return new(interval, measured, end, [.. plan.Decisions.Where(decision => decision.Stays)], most);
    }

    /// <summary>True for a point that does not exist yet.</summary>
    public static bool IsToCome(Snapshot point) => point.Tree.IsZero;

    private static Snapshot Next(Snapshot? like, int number, Timestamp time)
    {
        var id = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(id, number);
        return new Snapshot { Id = Id.Hash(id), Time = time, Tree = default, Tags = like?.Tags ?? [] };
    }
}
