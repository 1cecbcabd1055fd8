using System.Globalization;
using System.Text;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Retention;
using Holdfast.Restic;
using Holdfast.Testing;
using NpgsqlTypes;
using Xunit;

namespace Holdfast.Tests.Postgres.Retention;

public sealed class WalPlannerTests
{
    private const int Size = DrawnWal.Size;
    private static readonly int Histories = Sample.Count("HOLDFAST_WAL_HISTORIES", 2000, 100_000);
    private static readonly DateTimeOffset _epoch = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void In_every_drawn_history_no_instant_of_the_window_is_lost_and_none_is_promised_that_cannot_be_restored()
    {
        var random = Sample.Random("wal planner");
        var (removed, promised, held) = (0, 0, 0);
        for (var round = 0; round < Histories; round++)
        {
            var drawn = new DrawnWal(random);
            var why = $"round {round}, seed {Sample.Seed}";
            var plan = WalPlanner.Plan(drawn.Inventory, drawn.Kept, drawn.Begin);
            var before = drawn.Inventory.With(drawn.Kept);
            var gone = plan.Removed.ToHashSet();
            var after = before with { Files = [.. before.Files.Where(file => !gone.Contains(file))] };
            removed += gone.Count;
            Assert.DoesNotContain(gone, file => file.Kind == WalFileKind.History);
            Assert.True(before.Bases.Any(one => one.Counts) || gone.Count == 0, why);
            var own = before.Bases.SelectMany(one => one.Own(Size)).Select(segment => WalFile.Find(segment.Name)!);
            Assert.False(own.Any(gone.Contains), why);
            foreach (var (timeline, number, written) in drawn.Instants)
            {
                if (written < drawn.Begin || !drawn.CanRestore(before, timeline, number)) continue;
                var can = drawn.CanRestore(after, timeline, number);
                Assert.True(can, $"The end of segment {number} of timeline {timeline} is lost: {why}");
                held++;
            }
            promised += JudgeRanges(drawn, drawn.Inventory, plan.Before, why);
            promised += JudgeRanges(drawn, after, plan.After, why);
            Assert.Empty(WalPlanner.Plan(after, drawn.Kept, drawn.Begin).Removed);
        }
        Assert.True(removed > Histories && promised > Histories && held > Histories, $"{removed} {promised} {held}");
    }

    private static int JudgeRanges(DrawnWal drawn, WalInventory left, IReadOnlyList<RestorableRange> ranges, string why)
    {
        var count = 0;
        foreach (var range in ranges)
            for (var number = range.First.Last(Size); number <= range.Last.Number(Size); number++, count++)
            {
                var can = drawn.CanRestore(left, range.Timeline, number);
                Assert.True(can, $"Segment {number} of timeline {range.Timeline} is promised: {why}");
            }
        return count;
    }

    [Fact]
    public void WAL_stays_from_the_last_base_backup_before_the_window_on_and_what_an_older_one_needs_itself()
    {
        WalBase[] bases = [Base(1, 2, 3), Base(1, 6, 6), Base(1, 10, 11), Base(1, 15, 15)];
        var inventory = Inventory(Segments(1, 1, 20), [], bases);
        var plan = Plan(inventory, begin: 12);
        Assert.Equal([2, 3, 6, .. Enumerable.Range(10, 11)], Kept(plan));
        Assert.Equal([(2, 20)], Spans(plan.Before));
        Assert.Equal([(10, 20)], Spans(plan.After));
    }

    [Fact]
    public void Without_a_base_backup_before_the_window_WAL_stays_from_the_oldest_one_on()
    {
        var plan = Plan(Inventory(Segments(1, 1, 20), [], Base(1, 5, 5), Base(1, 9, 9)), begin: 2);
        Assert.Equal(Enumerable.Range(5, 16), Kept(plan));
        Assert.Equal(plan.Before, plan.After);
    }

    [Fact]
    public void Without_a_window_or_a_complete_base_backup_all_stays()
    {
        var inventory = Inventory(Segments(1, 1, 9), [], Base(1, 5, 5));
        Assert.Empty(WalPlanner.Plan(inventory, Ids(inventory), begin: null).Removed);
        Assert.Empty(Plan(inventory with { Bases = [] }, begin: 8).Removed);
        Assert.Empty(Plan(inventory with { Bases = [inventory.Bases[0] with { Counts = false }] }, begin: 8).Removed);
    }

    [Fact]
    public void A_base_backup_of_the_future_begins_no_window()
    {
        var future = Base(1, 18, 18) with { Counts = false, Time = _epoch.AddHours(-5) };
        var plan = Plan(Inventory(Segments(1, 1, 20), [], Base(1, 4, 4), future), begin: 19);
        Assert.Equal(Enumerable.Range(4, 17), Kept(plan));
    }

    [Fact]
    public void A_clock_that_ran_ahead_for_one_base_backup_keeps_more_and_removes_nothing_that_is_needed()
    {
        var ahead = Base(1, 6, 6) with { Time = _epoch.AddHours(90) };
        var plan = Plan(Inventory(Segments(1, 1, 20), [], Base(1, 4, 4), ahead, Base(1, 10, 10)), begin: 12);
        Assert.Equal(Enumerable.Range(4, 17), Kept(plan));
    }

    [Fact]
    public void A_timeline_that_was_left_inside_of_the_window_keeps_what_leads_to_it()
    {
        // Timeline 2 leaves the first one in segment 8; the base backup of segment 12 is behind that.
        var history = new TimelineHistory(2, [new TimelineSwitch(1, new NpgsqlLogSequenceNumber((8UL * Size) + 500))]);
        WalFile[] files = [.. Segments(1, 1, 15), .. Segments(2, 8, 12), WalFile.Find("00000002.history")!];
        var plan = Plan(Inventory(files, [history], Base(1, 3, 3), Base(1, 12, 12)), begin: 14);
        string[] first = ["1/3", "1/4", "1/5", "1/6", "1/7", "1/8", "1/12", "1/13", "1/14", "1/15"];
        Assert.Equal([.. first, "2/8", "2/9", "2/10", "2/11", "2/12"], Names(plan));
        Assert.Contains(plan.Decisions, decision => decision.File.Kind == WalFileKind.History && decision.Stays);
    }

    [Fact]
    public void A_timeline_that_no_base_backup_leads_to_goes_and_one_that_has_just_begun_stays()
    {
        TimelineHistory[] histories =
        [
            new(2, [new TimelineSwitch(1, new NpgsqlLogSequenceNumber(3UL * Size))]),
            new(3, [new TimelineSwitch(1, new NpgsqlLogSequenceNumber(8UL * Size))]),
            new(4, [new TimelineSwitch(1, new NpgsqlLogSequenceNumber(3UL * Size))]),
        ];
        WalFile[] files = [.. Segments(1, 1, 7), .. Segments(2, 3, 6), .. Segments(3, 8, 12), .. Segments(4, 3, 4)];
        var plan = Plan(Inventory(files, histories, Base(1, 5, 5), Base(3, 10, 10)), begin: 11);
        Assert.Equal(["1/5", "1/6", "1/7", "3/10", "3/11", "3/12", "4/3", "4/4"], Names(plan));
    }

    private static WalPlan Plan(WalInventory inventory, int begin) =>
        WalPlanner.Plan(inventory, Ids(inventory), _epoch.AddHours(begin));

    private static HashSet<Id> Ids(WalInventory inventory) => [.. inventory.Bases.Select(one => one.Point)];

    private static WalInventory Inventory(
        IEnumerable<WalFile> files, IReadOnlyList<TimelineHistory> histories, params WalBase[] bases) =>
        new(Size, [.. files], histories, bases);

    private static IEnumerable<WalFile> Segments(uint timeline, int first, int last) =>
        from number in Enumerable.Range(first, last - first + 1)
        select WalFile.Find(WalSegment.Of(timeline, (ulong)number, Size).Name)!;

    /// <summary>A base backup from one segment to its mark in another, at the hour of that number.</summary>
    private static WalBase Base(uint timeline, int first, int last)
    {
        var id = Id.Hash(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{timeline} {first}")));
        var (start, stop) = (((ulong)first * Size) + 100, ((ulong)last * Size) + 200);
        return new WalBase(id, timeline, new(start), new(stop), new(stop + 100), _epoch.AddHours(last), Counts: true);
    }

    private static IEnumerable<int> Kept(WalPlan plan) =>
        plan.Decisions.Where(decision => decision.Stays).Select(decision => (int)decision.File.Segment.Number(Size));

    private static IEnumerable<string> Names(WalPlan plan) => plan.Decisions
        .Where(decision => decision is { Stays: true, File.Kind: WalFileKind.Segment })
        .Select(decision => $"{decision.File.Segment.Timeline}/{decision.File.Segment.Number(Size)}");

    private static IEnumerable<(int, int)> Spans(IReadOnlyList<RestorableRange> ranges) =>
        ranges.Select(range => ((int)range.First.First(Size), (int)range.Last.Number(Size)));
}
