using System.Globalization;
using System.Text;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Retention;

/// <summary>The guards; that the rules mean what restic means is judged by restic itself.</summary>
public sealed class ForgetPlannerTests
{
    private static readonly Timestamp _now = Timestamp.Parse("2026-11-28T12:00:00Z");

    [Fact]
    public void Incomplete_and_partial_points_take_no_place_and_go_when_a_complete_one_is_newer()
    {
        Snapshot[] points =
            [Point(1, "incomplete"), Point(2), Point(3, "partial"), Point(4), Point(5, "incomplete"), Point(6)];
        var plan = Plan(new() { Last = 2 }, points);
        Assert.Equal([4, 2, 1], Days(plan, stays: true));
        Assert.Equal([6, 5, 3], Days(plan, stays: false));
        Assert.Contains("no complete point since", plan.Decisions[^1].Reasons);
    }

    [Fact]
    public void The_newest_complete_point_stays_though_no_rule_keeps_it()
    {
        var rules = new KeepRules { WithinDaily = new CalendarSpan(0, 0, 0, 1) };
        var plan = Plan(rules, Point(10), Point(30));
        Assert.Equal([10], Days(plan, stays: true));
    }

    [Fact]
    public void Points_from_the_future_stay_and_push_no_other_out()
    {
        Snapshot[] good = [Point(1), Point(2), Point(3)];
        var rules = new KeepRules { Last = 2, Within = new CalendarSpan(0, 0, 1, 0) };
        var plan = Plan(rules, [.. good, Point(-1), Point(-2), Point(-3), Point(-4)]);
        Assert.Equal([3], Days(plan, stays: false));
        Assert.Equal(Days(Plan(new() { Last = 2 }, good), stays: true), Days(plan, stays: true).Where(day => day > 0));
    }

    [Fact]
    public void Every_point_of_the_WAL_window_stays_and_two_from_before_it()
    {
        var settings = LastOne with { WalWindow = new CalendarSpan(0, 0, 7, 0) };
        var complete = Enumerable.Range(1, 20).Select(day => Point(day));
        var plan = Plan(settings, [.. complete, Point(5, "incomplete"), Point(12, "incomplete")]);
        Assert.Equal([1, 2, 3, 4, 5, 5, 6, 7, 8, 9], Days(plan, stays: true).Order());
    }

    [Theory]
    [InlineData("2026-12-01", true)]
    [InlineData("2026-11-27", true)] // the day of the newest complete point
    [InlineData("2026-11-26", false)]
    [InlineData(null, true)]
    public void A_pin_keeps_its_point_until_its_end_by_the_newest_point_not_by_the_clock(string? until, bool stays)
    {
        var pinned = Point(9);
        var end = until is null ? (DateOnly?)null : DateOnly.Parse(until, CultureInfo.InvariantCulture);
        var settings = LastOne with { Pins = [new Pin(pinned.Id.ToString()[..8], "before the move", end)] };
        Assert.Equal(stays, Days(Plan(settings, [Point(1), pinned]), stays: true).Contains(9));
        var ahead = new ForgetPlanner(settings, Timestamp.Parse("2036-11-28T12:00:00Z"), TimeZoneInfo.Utc);
        Assert.Equal(stays, Days(ahead.Plan([Point(1), pinned], mayRemoveMost: true), stays: true).Contains(9));
    }

    [Fact]
    public void A_pin_that_fits_no_point_refuses_the_removal()
    {
        var plan = Plan(LastOne with { Pins = [new Pin("00000000", "mistyped", null)] }, [Point(1), Point(2)]);
        Assert.Equal(Catalogue.RetentionPin.Code, Assert.Throws<ProblemException>(() => plan.RefuseUnlessSafe()).Problem.Code);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public void Nothing_goes_while_the_newest_complete_point_is_stale(int age, bool safe)
    {
        var settings = LastOne with { StaleAfter = new CalendarSpan(0, 0, 2, 0) };
        var plan = Plan(settings, [Point(age), Point(age, "incomplete"), Point(8)]);
        Assert.Equal(safe ? [] : [Catalogue.RetentionStale.Code], plan.Refusals.Select(refusal => refusal.Code));
    }

    [Theory]
    [InlineData(4, 2, true)]
    [InlineData(5, 2, false)]
    public void More_than_half_goes_only_when_that_is_said(int points, int kept, bool safe)
    {
        var planner = Planner(new RetentionSettings { Keep = new KeepRules { Last = kept } });
        var all = Enumerable.Range(1, points).Select(day => Point(day)).ToList();
        Assert.Equal(safe, planner.Plan(all, mayRemoveMost: false).Refusals.Count == 0);
        Assert.Empty(planner.Plan(all, mayRemoveMost: true).Refusals);
    }

    [Fact]
    public void A_point_that_is_named_goes_unless_it_is_pinned_or_the_last_complete_one()
    {
        Snapshot[] points = [Point(1), Point(2), Point(3, "incomplete")];
        var pinning = new RetentionSettings { Pins = [new Pin(points[1].Id.ToString(), "kept", null)] };
        Assert.Equal([2], Days(Planner(new()).PlanNamed(points, Ids(points[1])), stays: false));
        Assert.Equal([3], Days(Planner(pinning).PlanNamed(points, Ids(points[2])), stays: false));
        Assert.Throws<ProblemException>(() => Planner(pinning).PlanNamed(points, Ids(points[1])));
        Assert.Throws<ProblemException>(() => Planner(new()).PlanNamed(points, Ids(points[0], points[1])));
    }

    /// <summary>With a rule or without, with points of the future, several at one instant, all incomplete.</summary>
    [Fact]
    public void In_every_drawn_history_the_last_complete_point_stays_and_a_second_plan_removes_nothing()
    {
        var (random, seen) = (Sample.Random("forget planner"), 0);
        for (var round = 0; round < 500; round++)
        {
            var settings = new RetentionSettings
            {
                Keep = new KeepRules
                {
                    Last = random.Next(4), Daily = random.Next(4), Weekly = random.Next(3),
                    Within = new CalendarSpan(0, 0, random.Next(6), 0),
                },
                WalWindow = random.Next(2) == 0 ? null : new CalendarSpan(0, 0, random.Next(9), 0),
            };
            var drawn = Enumerable.Range(0, random.Next(30)).Select(_ => Draw(random));
            var points = drawn.DistinctBy(point => point.Id).ToList();
            var plan = Plan(settings, points);
            var kept = plan.Decisions.Where(decision => decision.Stays).Select(decision => decision.Point).ToList();
            var isSafe = kept.Any(PointTags.IsWhole) == points.Any(PointTags.IsWhole);
            Assert.True(isSafe, $"round {round}, seed {Sample.Seed}");
            var future = points.Where(point => point.Time > _now).ToList();
            foreach (var point in future) Assert.Contains(point, kept);
            seen += future.Count;
            Assert.Equal(kept, kept.Except(Plan(settings, kept).Removed));
        }
        Assert.True(seen > 0, $"No history had a point of the future; seed {Sample.Seed}.");
    }

    private static RetentionSettings LastOne => new() { Keep = new KeepRules { Last = 1 } };

    private static ForgetPlan Plan(KeepRules rules, params Snapshot[] points) =>
        Plan(new RetentionSettings { Keep = rules }, points);

    private static ForgetPlan Plan(RetentionSettings settings, IReadOnlyList<Snapshot> points) =>
        Planner(settings).Plan(points, mayRemoveMost: true);

    private static Snapshot Draw(Random random)
    {
        var mark = random.Next(4) switch { 0 => "incomplete", 1 => "partial", _ => null };
        return Point(random.Next(-3, 60), mark);
    }

    private static ForgetPlanner Planner(RetentionSettings settings) => new(settings, _now, TimeZoneInfo.Utc);

    private static HashSet<Id> Ids(params Snapshot[] points) => [.. points.Select(point => point.Id)];

    /// <summary>A point as many days before now.</summary>
    private static Snapshot Point(int day, string? mark = null) => new()
    {
        Id = Id.Hash(Encoding.UTF8.GetBytes($"{day} {mark}")),
        Tree = default,
        Time = _now with { Seconds = _now.Seconds - (86_400L * day) },
        Tags = mark is null ? ["holdfast", "platform=p"] : ["holdfast", "platform=p", mark],
    };

    private static IEnumerable<int> Days(ForgetPlan plan, bool stays) =>
        plan.Decisions.Where(decision => decision.Stays == stays)
            .Select(decision => (int)((_now.Seconds - decision.Point.Time.Seconds) / 86_400));
}
