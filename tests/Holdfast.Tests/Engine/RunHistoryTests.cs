using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class RunHistoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_are_listed_with_what_became_of_them()
    {
        using var rig = await PlatformRig.MakeAsync();
        var history = new RunHistory(rig.Environment.State);
        Assert.Empty(history.List());
        await rig.BackUpAsync();
        rig.B.Failure = Catalogue.PostgresUnreachable.Throwable("It is down.");
        await rig.BackUpAsync();
        var runs = history.List();
        Assert.Equal([RunState.Succeeded, RunState.Failed], runs.Select(run => run.State));
        Assert.Equal("Capture b", runs[1].Step);
        Assert.Equal(Catalogue.PostgresUnreachable.Code, runs[1].Problem!.Code);
        Each.Holds(runs, run => Assert.NotNull(run.Ended));
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task A_run_can_be_followed_from_its_beginning_while_it_goes_on()
    {
        using var rig = await PlatformRig.MakeAsync();
        var history = new RunHistory(rig.Environment.State);
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        rig.OnEach = happened =>
        {
            if (happened is not StepStarted { Name: "Capture b" }) return;
            reached.SetResult();
            goOn.Task.Wait(TimeSpan.FromSeconds(30));
        };
        var running = Task.Run(() => rig.BackUpAsync(), Token);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        var run = history.Find(null);
        Assert.Equal((RunState.Running, "Capture b"), (run.State, run.Step));
        var seen = new List<RunEvent>();
        await foreach (var happened in history.FollowAsync(run.Id, Token))
        {
            seen.Add(happened);
            if (happened is StepStarted { Name: "Capture b" }) goOn.SetResult();
        }
        await running;
        Assert.Equal(rig.Events.Where(happened => happened is not StepProgress).Select(happened => happened.GetType()), seen.Select(happened => happened.GetType()));
        Assert.Equal(RunState.Succeeded, history.Find(run.Id[..^0]).State);
    }

    [Fact]
    public async Task A_run_whose_process_is_gone_is_owing_and_following_it_ends()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        var journal = Directory.GetFiles(rig.StatePath, "*.jsonl", SearchOption.AllDirectories).Single();
        // As if it had been killed: the end is missing, and the process is of another time.
        var lines = await File.ReadAllLinesAsync(journal, Token);
        lines[0] = System.Text.RegularExpressions.Regex.Replace(lines[0], "\"processStarted\":\"20..", "\"processStarted\":\"1999", System.Text.RegularExpressions.RegexOptions.NonBacktracking);
        await File.WriteAllTextAsync(journal, string.Join('\n', lines[..^1]) + "\n", Token);
        var history = new RunHistory(rig.Environment.State);
        Assert.Equal(RunState.Owing, Assert.Single(history.List()).State);
        var seen = 0;
        await foreach (var _ in history.FollowAsync(history.Find(null).Id, Token)) seen++;
        Assert.Equal(lines.Length - 1, seen);
    }

    [Fact]
    public async Task A_point_is_of_this_machine_by_an_event_of_its_own_and_not_by_the_text_of_a_note()
    {
        using var rig = await PlatformRig.MakeAsync();
        var summary = await rig.BackUpAsync();
        var history = new RunHistory(rig.Environment.State);
        Assert.True(history.HasMade(summary.Point!, summary.Manifest));
        var journal = Directory.GetFiles(rig.StatePath, "*.jsonl", SearchOption.AllDirectories).Single();
        var lines = await File.ReadAllLinesAsync(journal, Token);
        var made = Assert.Single(lines, line => line.Contains("point-made", StringComparison.Ordinal));
        var note = made.Replace("point-made", "note", StringComparison.Ordinal).Replace($"\"point\":\"{summary.Point!.Id}\"", $"\"text\":\"{PointMade.Describe($"{summary.Point.Id}")}\"", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(journal, lines.Select(line => line == made ? note : line), Token);
        Assert.Equal(RunState.Succeeded, Assert.Single(history.List()).State);
        Assert.False(history.HasMade(summary.Point, summary.Manifest));
    }

    [Fact]
    public async Task A_run_that_is_not_there_is_an_error()
    {
        using var rig = await PlatformRig.MakeAsync();
        var history = new RunHistory(rig.Environment.State);
        Assert.Equal(Catalogue.RunUnknown.Code, Assert.Throws<ProblemException>(() => history.Find(null)).Problem.Code);
        await rig.BackUpAsync();
        await rig.BackUpAsync();
        Assert.Equal(Catalogue.RunUnknown.Code, Assert.Throws<ProblemException>(() => history.Find("nonsense")).Problem.Code);
        Assert.Equal(Catalogue.RunUnknown.Code, Assert.Throws<ProblemException>(() => history.Find("run-")).Problem.Code);
    }
}
