using Holdfast.Engine.Components;
using Holdfast.ServerTests.Postgres.Base.Histories;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>
/// Histories of chance: restores after restores, crashes, and logs of which some was stored and some was not. HOLDFAST_HISTORIES says how many,
/// HOLDFAST_SEED which is the first. Each is judged by a tree of what was written, and by PostgreSQL itself with the same base and the same files.
/// What they have found is tried for itself, too.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private static readonly int Histories = Sample.Count("HOLDFAST_HISTORIES", 1, 20);

    private static readonly RecoveryRequest _immediate = new() { Limit = RecoveryLimit.Immediate }, _latest = new() { Limit = RecoveryLimit.Latest };

    [Fact]
    public async Task Restores_after_restores_hold_what_the_log_of_their_timeline_has_or_are_refused()
    {
        var failures = new List<string>();
        for (var seed = Sample.Seed; seed < Sample.Seed + Histories; seed++)
            if (await TryAsync(seed, (drawn, _) => drawn.RunAsync()) is { } failure) failures.Add(failure);
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    [Fact]
    public Task Archiving_goes_on_after_a_second_restore_that_ends_in_the_same_segment() => RunAsync(async (drawn, history) =>
    {
        await history.CaptureAsync(new CommitOrder(history.Next()));
        await drawn.RestoreAsync(_immediate);
        await history.CommitAsync(new CommitOrder(history.Next()));
        await history.ArchiveAsync(int.MaxValue);
        // The segment of the second timeline is not full: the first one's is cut where that was left.
        await drawn.RestoreAsync(_latest);
        await history.CommitAsync(new CommitOrder(history.Next()));
        await history.SwitchAsync();
        await history.ArchiveAsync(int.MaxValue);
        await drawn.RestoreAsync(_latest);
    });

    [Fact]
    public Task A_log_is_read_to_its_end_where_records_lie_across_the_ends_of_segments() => RunAsync(async (drawn, history) =>
    {
        await history.CaptureAsync();
        await history.CommitAsync(new CommitOrder(history.Next()), new CommitOrder(history.Next()) { Gap = 16 });
        await history.SwitchAsync();
        await history.ArchiveAsync(int.MaxValue);
        var between = history.Branch.Entries[^3]; // the restore point after the first commit
        await drawn.RestoreAsync(new RecoveryRequest { Limit = RecoveryLimit.Time, To = DrawnHistory.Show(history.Branch.Entries[^4].Time) });
        await drawn.RestoreAsync(new RecoveryRequest { Limit = RecoveryLimit.Time, To = DrawnHistory.Show(between.Time), Timeline = "1" });
        await drawn.RestoreAsync(new RecoveryRequest { Limit = RecoveryLimit.Address, To = Lsn.Show(history.Ends[0]), Timeline = "1" });
        await drawn.RestoreAsync(new RecoveryRequest { Limit = RecoveryLimit.Address, To = Lsn.Show(between.End), Timeline = "1" });
    });

    [Fact]
    public Task A_prepared_transaction_stays_open_over_a_change_of_timelines() => RunAsync(async (drawn, history) =>
    {
        await history.CaptureAsync(new CommitOrder(history.Next()), new CommitOrder(history.Next(), CommitKind.Prepared));
        await drawn.RestoreAsync(RecoveryRequest.None);
        await history.CommitAsync(new CommitOrder(history.Next()));
        await history.SwitchAsync();
        await history.ArchiveAsync(int.MaxValue);
        await drawn.RestoreAsync(_latest);
    });

    [Fact]
    public Task A_timeline_that_leaves_before_the_mark_is_followed_before_it_and_does_not_lead_to_it() => RunAsync(async (drawn, history) =>
    {
        await history.CaptureAsync(new CommitOrder(history.Next()) { Gap = 0 });
        await drawn.RestoreAsync(_immediate);
        await history.CommitAsync(new CommitOrder(history.Next()));
        await history.ReceiveAsync(hasJustBegun: false);
        await history.StopAsync();
        var (taken, point) = history.Points[0];
        Assert.Null(await drawn.JudgeAsync(taken, point, RecoveryRequest.None with { Timeline = "2" }));
        await history.StartAsync();
        await drawn.RestoreAsync(new RecoveryRequest { Limit = RecoveryLimit.Address, To = Lsn.Show(history.Branch.Entries[0].End), Timeline = "2" });
    });

    [Fact]
    public Task What_was_received_at_the_end_of_a_timeline_stays_when_that_is_left() => RunAsync(async (drawn, history) =>
    {
        await history.CaptureAsync();
        await history.CommitAsync(new CommitOrder(history.Next()), new CommitOrder(history.Next()));
        await history.ReceiveAsync(hasJustBegun: false);
        await drawn.RestoreAsync(new RecoveryRequest { Limit = RecoveryLimit.Address, To = Lsn.Show(history.Branch.Entries[^1].Before) });
        await history.CommitAsync(new CommitOrder(history.Next()));
        await history.ArchiveAsync(1);
        // Of the second timeline there is the history alone.
        await drawn.RestoreAsync(_latest);
        await history.CommitAsync(new CommitOrder(history.Next()));
        await history.ReceiveAsync(hasJustBegun: false);
        await drawn.RestoreAsync(_latest with { Timeline = "1" });
        await history.ArchiveAsync(int.MaxValue);
    });

    /// <summary>A history that is written down: nothing of it is drawn but what it leaves open, and that is always the same.</summary>
    private async Task RunAsync(Func<DrawnHistory, History, Task> act)
    {
        var failure = await TryAsync(20261123, act);
        Assert.True(failure is null, failure);
    }

    /// <summary>What went wrong, with all that happened before; null when nothing did.</summary>
    private async Task<string?> TryAsync(int seed, Func<DrawnHistory, History, Task> act)
    {
        await using var history = await History.BeginAsync();
        var drawn = new DrawnHistory(history, new Random(seed));
        try
        {
            await act(drawn, history);
        }
        catch (Exception failure)
        {
            return $"HOLDFAST_SEED={seed} HOLDFAST_HISTORIES=1: {failure.Message}\n{string.Join('\n', history.Steps.Select((step, number) => $"{number + 1}. {step}"))}";
        }
        output.WriteLine($"Seed {seed}: {drawn.Judged} in {history.Steps.Count} steps on {history.Tree.Branches.Count} timelines.");
        return null;
    }
}
