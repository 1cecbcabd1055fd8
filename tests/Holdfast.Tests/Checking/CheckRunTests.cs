using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Checking;

public sealed class CheckRunTests
{
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(10);
    private readonly ManualClock _clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lines_come_in_the_order_of_the_sources_whoever_answers_first()
    {
        var gate = new TaskCompletionSource();
        var slow = new ScriptedSource("slow", async _ =>
        {
            await gate.Task;
            return [new CheckLine("slow", "q", CheckState.Pass, "")];
        });
        var quick = new ScriptedSource("quick", _ =>
        {
            gate.SetResult(); // it would wait for ever if they were asked one after the other
            return Task.FromResult<IReadOnlyList<CheckLine>>([new CheckLine("quick", "q", CheckState.Pass, "")]);
        });
        var report = await Run(slow, quick).RunAsync([], Cancellation);
        Assert.Equal(["slow", "quick"], report.Lines.Select(line => line.Subject));
    }

    [Fact]
    public async Task A_source_that_throws_a_problem_is_unknown_with_its_message_and_hint()
    {
        var line = await OnlyLineAsync(_ => throw Catalogue.PostgresUnreachable.Throwable("It is down.", "Start it."));
        Assert.Equal((CheckState.Unknown, "It is down.", "Start it."), (line.State, line.Found, line.Hint));
    }

    [Fact]
    public async Task A_source_that_throws_what_nobody_thought_of_is_unknown_too()
    {
        var line = await OnlyLineAsync(_ => throw new InvalidOperationException("odd"));
        Assert.Equal(CheckState.Unknown, line.State);
        Assert.Contains("odd", line.Found, StringComparison.Ordinal);
        Assert.Equal(Catalogue.CheckFailed.Hint, line.Hint);
    }

    [Fact]
    public async Task A_source_that_gives_itself_up_is_unknown() =>
        Assert.Equal(CheckState.Unknown, (await OnlyLineAsync(_ => throw new OperationCanceledException("its own"))).State);

    [Fact]
    public async Task A_source_with_nothing_to_say_is_unknown() =>
        Assert.Equal(CheckState.Unknown, (await OnlyLineAsync(_ => Task.FromResult<IReadOnlyList<CheckLine>>([]))).State);

    [Fact]
    public async Task A_source_that_is_late_and_deaf_is_unknown_and_keeps_nobody_waiting()
    {
        var never = new TaskCompletionSource<IReadOnlyList<CheckLine>>();
        var report = await _clock.RunAsync(Run(new ScriptedSource("deaf", _ => never.Task), new ScriptedSource("good", CheckState.Pass)).RunAsync([], Cancellation), TimeSpan.FromSeconds(1));
        Assert.Equal([CheckState.Unknown, CheckState.Pass], report.Lines.Select(line => line.State));
        Assert.Equal("No answer within 10 s.", report.Lines[0].Found);
        Assert.Equal(Catalogue.CheckLate.Hint, report.Lines[0].Hint);
    }

    [Fact]
    public async Task What_a_source_waits_for_on_purpose_does_not_make_it_late()
    {
        var patient = new ScriptedSource("patient", async cancellation =>
        {
            await Task.Delay(TimeSpan.FromSeconds(15), _clock, cancellation);
            return [new CheckLine("patient", "q", CheckState.Pass, "")];
        }) { Waits = TimeSpan.FromSeconds(8) };
        var report = await _clock.RunAsync(Run(patient).RunAsync([], Cancellation), TimeSpan.FromSeconds(1));
        Assert.Equal(CheckState.Pass, report.Lines[0].State);
    }

    [Fact]
    public async Task Whoever_cancels_gets_no_report()
    {
        using var cancelled = new CancellationTokenSource();
        var run = Run(new ScriptedSource("waits", async cancellation =>
        {
            await cancelled.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            return [];
        })).RunAsync([], cancelled.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Theory]
    [InlineData("postgres", "postgres/main,postgres/other")]
    [InlineData("postgres/other", "postgres/other")]
    [InlineData("clock", "clock")]
    public async Task Only_what_is_asked_for_is_asked(string only, string expected)
    {
        var run = Run(new ScriptedSource("postgres/main", CheckState.Pass), new ScriptedSource("postgres/other", CheckState.Pass), new ScriptedSource("clock", CheckState.Pass));
        Assert.Equal(expected, string.Join(',', (await run.RunAsync([only], Cancellation)).Lines.Select(line => line.Subject)));
    }

    [Fact]
    public async Task A_subject_that_is_not_there_is_refused_with_the_nearest_one()
    {
        var refused = await Assert.ThrowsAsync<ProblemException>(() => Run(new ScriptedSource("postgres/main", CheckState.Pass)).RunAsync(["postgers"], Cancellation));
        Assert.Equal(Catalogue.CheckMissing.Code, refused.Problem.Code);
        Assert.Contains("Did you mean 'postgres'?", refused.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, ExitCode.Success, CheckState.Pass)]
    [InlineData(false, ExitCode.Success, CheckState.Pass, CheckState.Warn)]
    [InlineData(true, ExitCode.NotReady, CheckState.Pass, CheckState.Warn)]
    [InlineData(true, ExitCode.Success, CheckState.Pass, CheckState.Pass)]
    [InlineData(false, ExitCode.NotReady, CheckState.Pass, CheckState.Fail)]
    [InlineData(false, ExitCode.NotReady, CheckState.Pass, CheckState.Unknown)]
    public async Task The_worst_answer_decides_the_exit_code(bool strict, ExitCode exit, params CheckState[] states) =>
        Assert.Equal(exit, (await Run(new ScriptedSource("x", states)).RunAsync([], Cancellation)).Exit(strict));

    private CheckRun Run(params ICheckSource[] sources) => new(sources, _deadline, _clock);

    private async Task<CheckLine> OnlyLineAsync(Func<CancellationToken, Task<IReadOnlyList<CheckLine>>> check) =>
        Assert.Single((await Run(new ScriptedSource("x", check)).RunAsync([], Cancellation)).Lines);
}
