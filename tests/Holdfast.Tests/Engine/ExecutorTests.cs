using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class ExecutorTests : IDisposable
{
    private static readonly CancellationToken _none = CancellationToken.None;
    private readonly RunRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task A_run_that_succeeds_keeps_what_it_made_and_says_so()
    {
        var outcome = await _rig.RunAsync(_none, _rig.Make("a"), _rig.MakeOwing("b"), _rig.MakeSettled("c"));
        Assert.True(outcome.Succeeded);
        Assert.Equal(ExitCode.Success, outcome.Exit);
        Assert.Equal(["a", "b", "c"], _rig.World);
        Assert.Empty(_rig.Undone);
        Assert.Equal(
            "run-started step-started owed settled step-done step-started owed step-done step-started owed settled step-done run-ended",
            string.Join(' ', File.ReadAllLines(_rig.Journal).Select(EventName)));
        Assert.True(JournalRecord.Read(_rig.Journal).IsFinished);
    }

    [Fact]
    public async Task A_step_that_fails_ends_the_run_and_the_last_thing_owed_is_undone_first()
    {
        var outcome = await _rig.RunAsync(_none, _rig.MakeOwing("first"), _rig.MakeSettled("settled"), _rig.Make("done"), _rig.MakeOwing("second"), RunRig.Fails("Fall"), _rig.Make("never"));
        Assert.Equal("HF-PG-UNREACHABLE", outcome.Problem!.Code);
        Assert.Equal(ExitCode.Unreachable, outcome.Exit);
        Assert.Equal(["second", "first"], _rig.Undone);
        Assert.Equal(["done", "settled"], _rig.World);
        Assert.Equal((RunResult.Failed, 0), (JournalRecord.Read(_rig.Journal).Ended!.Result, JournalRecord.Read(_rig.Journal).Ended!.StillOwed));
    }

    [Fact]
    public async Task A_step_that_fails_owes_its_own_undo()
    {
        var half = _rig.Make("half") with { Act = (_, _) => { _rig.World.Add("half"); throw new InvalidOperationException("broke"); } };
        var outcome = await _rig.RunAsync(_none, half);
        Assert.Equal("HF-STEP-FAILED", outcome.Problem!.Code);
        Assert.Contains("broke", outcome.Problem.Message, StringComparison.Ordinal);
        Assert.Empty(_rig.World);
    }

    [Fact]
    public async Task An_undo_is_on_disk_before_what_it_undoes_is_done()
    {
        var seen = "";
        await _rig.RunAsync(_none, _rig.Make("a") with { Act = (_, _) => { seen = File.ReadAllText(_rig.Journal); return Task.CompletedTask; } });
        Assert.Contains("\"event\":\"step-started\"", seen, StringComparison.Ordinal);
        Assert.Contains("\"thing\":\"a\"", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_undo_that_fails_stays_owed_and_the_others_are_done_all_the_same()
    {
        _rig.Stuck.Add("b");
        var outcome = await _rig.RunAsync(_none, _rig.MakeOwing("a"), _rig.MakeOwing("b"), _rig.MakeOwing("c"), RunRig.Fails("Fall"));
        Assert.Equal(["c", "b", "a"], _rig.Undone);
        Assert.Equal(["b"], _rig.World);
        var failure = Assert.Single(outcome.UndoFailures);
        Assert.Contains("Remove b. It does not come off", failure.Message, StringComparison.Ordinal);
        Assert.StartsWith("Pull harder. ", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("HF-PG-UNREACHABLE", outcome.Problem!.Code);
        Assert.Equal("b", Assert.Single(JournalRecord.Read(_rig.Journal).Owed).Undo.Arguments["thing"]);
        _rig.Stuck.Clear();
        Assert.Equal(1, Assert.Single(await _rig.RecoverAsync()).Undone);
        Assert.Empty(_rig.World);
        Assert.Empty(await _rig.RecoverAsync());
    }

    [Fact]
    public async Task Ctrl_c_stops_the_step_and_what_is_owed_is_undone_all_the_same()
    {
        using var stop = new CancellationTokenSource();
        var outcome = await _rig.RunAsync(stop.Token, _rig.MakeOwing("a"), RunRig.Does("Wait", async (_, cancellation) => { await stop.CancelAsync(); await Task.Delay(-1, cancellation); }), _rig.Make("never"));
        Assert.Equal(ExitCode.Interrupted, outcome.Exit);
        Assert.Equal("The backup was interrupted at step 2 of 3, 'Wait'.", outcome.Problem!.Message);
        Assert.Equal(["a"], _rig.Undone);
        Assert.Empty(_rig.World);
    }

    [Fact]
    public async Task What_a_step_says_after_an_interruption_is_a_consequence_of_it()
    {
        using var stop = new CancellationTokenSource();
        var outcome = await _rig.RunAsync(stop.Token, RunRig.Does("Wait", async (_, _) => { await stop.CancelAsync(); throw Catalogue.PostgresDump.Throwable("pg_dump was killed."); }));
        Assert.Equal("HF-RUN-INTERRUPTED", outcome.Problem!.Code);
    }

    [Fact]
    public async Task An_interruption_between_steps_begins_no_further_step()
    {
        using var stop = new CancellationTokenSource();
        var outcome = await _rig.RunAsync(stop.Token, RunRig.Does("Deaf", (_, _) => stop.CancelAsync()), _rig.Make("never"));
        Assert.Equal(ExitCode.Interrupted, outcome.Exit);
        Assert.Empty(_rig.World);
    }

    [Fact]
    public async Task A_step_that_gives_up_by_itself_is_no_interruption()
    {
        var outcome = await _rig.RunAsync(_none, RunRig.Does("Ask", (_, _) => throw new TaskCanceledException()));
        Assert.Equal("HF-STEP-FAILED", outcome.Problem!.Code);
    }

    [Fact]
    public async Task A_step_is_stopped_at_its_deadline()
    {
        var clock = new ManualClock();
        using var rig = new RunRig { Clock = clock };
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = rig.RunAsync(_none, rig.MakeOwing("a"), RunRig.Does("Wait", (_, cancellation) => { begun.SetResult(); return Task.Delay(-1, cancellation); }, TimeSpan.FromMinutes(10)));
        await begun.Task;
        clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(running.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(1));
        var outcome = await running.WaitAsync(TimeSpan.FromSeconds(30), _none);
        Assert.Equal("HF-STEP-TIMEOUT", outcome.Problem!.Code);
        Assert.Contains("'Wait'", outcome.Problem.Message, StringComparison.Ordinal);
        Assert.Empty(rig.World);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_step_that_blocks_for_ever_does_not_keep_the_run_from_its_undos(bool isLate)
    {
        var clock = new ManualClock();
        using var rig = new RunRig { Clock = clock };
        using var stop = new CancellationTokenSource();
        using var never = new ManualResetEventSlim();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var deaf = RunRig.Does("Read a FIFO", (context, _) =>
        {
            begun.SetResult();
            never.Wait(CancellationToken.None);
            late.SetResult(Record.Exception(() => context.Note("Still here.")));
            return Task.CompletedTask;
        }, isLate ? TimeSpan.FromMinutes(1) : null);
        var running = rig.RunAsync(stop.Token, rig.MakeOwing("a"), deaf, rig.Make("never"));
        await begun.Task;
        if (isLate) clock.Advance(TimeSpan.FromMinutes(1));
        else await stop.CancelAsync();
        Assert.False(running.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(1));
        var outcome = await running.WaitAsync(TimeSpan.FromSeconds(60), _none);
        Assert.Equal(isLate ? "HF-STEP-TIMEOUT" : "HF-RUN-INTERRUPTED", outcome.Problem!.Code);
        Assert.Equal("HF-STEP-ABANDONED", Assert.Single(outcome.Warnings).Code);
        Assert.Equal(["a"], rig.Undone);
        Assert.Empty(rig.World);
        never.Set();
        Assert.NotNull(await late.Task); // it wakes up and is told nothing more
        Assert.True(JournalRecord.Read(rig.Journal).IsFinished);
    }

    [Fact]
    public async Task Progress_is_told_twice_a_second_and_kept_out_of_the_journal()
    {
        var clock = new ManualClock();
        using var rig = new RunRig { Clock = clock };
        var copied = 0L;
        var finish = new TaskCompletionSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = rig.RunAsync(_none, RunRig.Does("Copy", (context, _) =>
        {
            context.Counters.BytesTotal = 100;
            context.Counters.Refresh = counters => counters.BytesDone = copied;
            begun.SetResult();
            return finish.Task;
        }));
        await begun.Task;
        for (copied = 10; copied <= 40; copied += 10) clock.Advance(TimeSpan.FromMilliseconds(500));
        finish.SetResult();
        await running;
        Assert.Equal([10, 20, 30, 40], rig.Events.OfType<StepProgress>().Select(progress => progress.BytesDone));
        Assert.Equal((50, 2), rig.Events.OfType<StepDone>().Select(done => (done.Bytes, (int)done.Seconds)).Single());
        Assert.DoesNotContain("progress", File.ReadAllText(rig.Journal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warnings_are_collected_and_one_of_something_left_out_makes_the_run_incomplete()
    {
        IReadOnlyList<Problem> seen = [];
        var outcome = await _rig.RunAsync(
            _none,
            RunRig.Does("Look", (context, _) => { context.Warn(Catalogue.FilesMissing.With("/etc/x is not there.")); return Task.CompletedTask; }),
            RunRig.Does("Tell", (context, _) => { seen = context.RunWarnings; return Task.CompletedTask; }));
        Assert.True(outcome.Succeeded);
        Assert.Equal(ExitCode.Incomplete, outcome.Exit);
        Assert.Equal("HF-FILES-MISSING", Assert.Single(seen).Code);
    }

    [Fact]
    public async Task A_journal_on_a_full_disk_ends_the_run_and_what_is_owed_is_undone_all_the_same()
    {
        using var small = new SmallDisk();
        using var rig = new RunRig(small.Path);
        var outcome = await rig.RunAsync(_none, rig.MakeOwing("a"), RunRig.Does("Talk", (context, _) =>
        {
            for (var i = 0; i < 10_000; i++) context.Note("Everything is fine, and there is a lot to say about it.");
            return Task.CompletedTask;
        }), rig.Make("never"));
        Assert.Equal("HF-STATE-UNWRITABLE", outcome.Problem!.Code);
        Assert.Contains("No space left", outcome.Problem.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], rig.Undone);
        Assert.Empty(rig.World);
    }

    [Fact]
    public async Task A_run_that_can_not_begin_its_journal_does_nothing()
    {
        using var small = new SmallDisk();
        small.Fill();
        using var rig = new RunRig(small.Path);
        var outcome = await rig.RunAsync(_none, rig.Make("never"));
        Assert.Equal("HF-STATE-UNWRITABLE", outcome.Problem!.Code);
        Assert.Empty(rig.World);
    }

    private static string EventName(string line) => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("event").GetString()!;
}
