using System.Diagnostics;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class RunLockTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private StateDirectory State => new(_folder["state"]);

    [Fact]
    public void A_second_run_of_the_platform_is_told_who_the_first_one_is()
    {
        using var first = RunLock.Take(State, "p", "process 4711, since 2026-11-22 21:04:05 UTC");
        var problem = Assert.Throws<ProblemException>(() => RunLock.Take(State, "p", "another")).Problem;
        Assert.Equal("HF-RUN-IN-PROGRESS", problem.Code);
        Assert.Equal("Another run for the platform 'p' is in progress: process 4711, since 2026-11-22 21:04:05 UTC.", problem.Message);
    }

    [Fact]
    public void Platforms_do_not_exclude_each_other()
    {
        using var first = RunLock.Take(State, "p", "one");
        using var second = RunLock.Take(State, "q", "two");
        Assert.Equal(("p", "q"), (first.Platform, second.Platform));
    }

    [Fact]
    public void A_lock_that_was_let_go_of_can_be_taken_again()
    {
        RunLock.Take(State, "p", "a holder with a long name").Dispose();
        using var second = RunLock.Take(State, "p", "b");
        Assert.Null(RunLock.TryTake(State, "p", "c", out var holder));
        Assert.Equal("b", holder);
    }

    [Fact]
    public async Task Kill_9_lets_go_of_the_lock()
    {
        RunLock.Take(State, "p", "me").Dispose(); // makes the file
        var flock = Require.Program("flock");
        using var other = Process.Start(new ProcessStartInfo(flock, ["--close", Path.Combine(State.Path, "locks", "p"), "-c", "echo taken; exec sleep 300"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        Assert.Equal("taken", await other.StandardOutput.ReadLineAsync(CancellationToken.None));
        Assert.Null(RunLock.TryTake(State, "p", "me", out _));
        other.Kill(entireProcessTree: true);
        await other.WaitForExitAsync(CancellationToken.None);
        using var mine = RunLock.Take(State, "p", "me");
        Assert.Equal("p", mine.Platform);
    }

    [Fact]
    public void A_state_directory_that_can_not_be_written_is_a_problem()
    {
        _folder.Write("file", "");
        var problem = Assert.Throws<ProblemException>(() => RunLock.Take(new StateDirectory(_folder["file/state"]), "p", "me")).Problem;
        Assert.Equal("HF-STATE-UNWRITABLE", problem.Code);
    }

    [Theory]
    [InlineData("/srv/state", null, true, "/srv/state")]
    [InlineData(null, null, true, "/var/lib/holdfast")]
    [InlineData(null, "/x/state", false, "/x/state/holdfast")]
    [InlineData("", "", false, "/ada/.local/state/holdfast")]
    public void The_state_directory_follows_the_user(string? chosen, string? xdg, bool isRoot, string expected) => Assert.Equal(
        expected,
        StateDirectory.Default(name => name switch { "HOLDFAST_STATE" => chosen, "XDG_STATE_HOME" => xdg, _ => "/ada" }, isRoot).Path);

    [Fact]
    public async Task A_recovery_is_waited_for_and_another_run_is_not()
    {
        var first = RunLock.Take(State, "p", "recover, process 4711");
        var second = RunLock.TakeAfterAsync(State, "p", "me", "recover, ", TimeSpan.FromMinutes(1), TimeProvider.System);
        await Assert.ThrowsAsync<TimeoutException>(() => second.WaitAsync(TimeSpan.FromMilliseconds(300), TimeProvider.System, CancellationToken.None));
        first.Dispose();
        using var taken = await second;
        var refused = await Assert.ThrowsAsync<ProblemException>(() => RunLock.TakeAfterAsync(State, "p", "third", "recover, ", TimeSpan.FromMinutes(1), TimeProvider.System));
        Assert.Equal("HF-RUN-IN-PROGRESS", refused.Problem.Code);
        Assert.Contains("me", refused.Problem.Message, StringComparison.Ordinal);
    }
}
