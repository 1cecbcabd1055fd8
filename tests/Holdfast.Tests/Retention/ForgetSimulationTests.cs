using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Retention;

public sealed class ForgetSimulationTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_year_of_daily_points_leaves_what_the_rules_count()
    {
        var rules = new KeepRules { Daily = 14, Weekly = 8, Monthly = 12 };
        var run = Run(rules, "400d", Points(TimeSpan.FromDays(1), 10));
        Assert.Equal((TimeSpan.FromDays(1), 7), (run.Interval, run.Measured));
        Assert.Equal(_now.AddDays(400), run.End.ToDateTimeOffset());
        Assert.Equal(14, Count(run, "daily snapshot"));
        Assert.Equal(8, Count(run, "weekly snapshot"));
        Assert.Equal(12, Count(run, "monthly snapshot"));
        Assert.True(run.Left.All(left => ForgetSimulation.IsToCome(left.Point)));
        Assert.InRange(run.Most, run.Left.Count, 34);
    }

    [Fact]
    public void Points_that_exist_stay_as_long_as_a_rule_keeps_them()
    {
        var points = Points(TimeSpan.FromDays(1), 3);
        var run = Run(new KeepRules { Last = 2, Yearly = 2 }, "30d", points);
        var kept = Assert.Single(run.Left, left => !ForgetSimulation.IsToCome(left.Point));
        Assert.Equal("oldest yearly snapshot", Assert.Single(kept.Reasons));
        Assert.Equal(3, Run(new KeepRules(), "0h", points).Left.Count);
        Assert.Equal(33, Run(new KeepRules(), "30d", points).Left.Count);
    }

    [Fact]
    public void The_interval_is_the_median_of_the_newest_and_one_day_where_too_few_tell()
    {
        var thinned = Points(TimeSpan.FromHours(6), 8).Concat(Points(TimeSpan.FromDays(30), 12).Skip(1)).ToList();
        Assert.Equal((TimeSpan.FromHours(6), 7), ForgetSimulation.Habit(thinned, At(_now)));
        Assert.Equal((TimeSpan.FromDays(1), 0), ForgetSimulation.Habit(Points(TimeSpan.FromHours(1), 2), At(_now)));
        Assert.Equal((TimeSpan.FromDays(1), 0), ForgetSimulation.Habit([], At(_now)));
        var partial = Points(TimeSpan.FromHours(1), 9).Select(point => point with { Tags = [.. point.Tags, "partial"] });
        Assert.Equal((TimeSpan.FromDays(1), 0), ForgetSimulation.Habit(partial, At(_now)));
    }

    [Fact]
    public void What_would_take_too_many_backups_is_refused()
    {
        var points = Points(TimeSpan.FromMinutes(1), 9);
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(new KeepRules { Last = 1 }, "400d", points));
    }

    private static ForgetSimulation Run(KeepRules rules, string length, IReadOnlyList<Snapshot> points) =>
        ForgetSimulation.Run(new RetentionSettings { Keep = rules }, points, At(_now), CalendarSpan.Parse(length), TimeZoneInfo.Utc);

    private static int Count(ForgetSimulation run, string reason) =>
        run.Left.Count(left => left.Reasons.Contains(reason, StringComparer.Ordinal));

    /// <summary>So many points, the newest now.</summary>
    private static List<Snapshot> Points(TimeSpan interval, int count) => [.. Enumerable.Range(0, count).Select(number => new Snapshot
    {
        Id = Id.Hash([.. BitConverter.GetBytes(interval.Ticks), (byte)number]), Tree = Id.Hash("tree"u8),
        Time = At(_now - (number * interval)), Tags = ["holdfast", "platform=shop"],
    })];

    private static Timestamp At(DateTimeOffset time) => Timestamp.FromDateTimeOffset(time);
}
