using System.Diagnostics;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Posix;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Maintenance;

public sealed class StalenessTests
{
    private static readonly TimeProvider Clock = TimeProvider.System;

    [Fact]
    public void A_fresh_lock_of_another_host_is_held_whatever_its_process() =>
        Assert.False(Staleness.IsStale(Ours() with { Hostname = "elsewhere", Pid = int.MaxValue }, Clock));

    [Fact]
    public void Half_an_hour_makes_any_lock_stale()
    {
        Assert.False(Staleness.IsStale(Elsewhere(TimeSpan.FromMinutes(29)), Clock));
        Assert.True(Staleness.IsStale(Elsewhere(TimeSpan.FromMinutes(31)), Clock));
    }

    [Fact]
    public void A_lock_of_a_running_process_is_held() => Assert.False(Staleness.IsStale(Ours(), Clock));

    [Fact]
    public void A_lock_of_a_dead_process_is_stale()
    {
        using var process = Command.Start("true", []);
        process.WaitForExit();
        Assert.True(Staleness.IsStale(Ours() with { Pid = process.Id }, Clock));
    }

    [Fact]
    public void A_lock_that_is_older_than_the_process_of_its_number_is_stale()
    {
        var began = new DateTimeOffset(Process.GetCurrentProcess().StartTime);
        Assert.True(Staleness.IsStale(Ours() with { Time = Timestamp.FromDateTimeOffset(began.AddSeconds(-10)) }, Clock));
    }

    [Fact]
    public void The_start_of_a_process_is_known_to_two_seconds()
    {
        var expected = new DateTimeOffset(Process.GetCurrentProcess().StartTime);
        Assert.InRange(RunningProcess.StartedAt(Environment.ProcessId)!.Value - expected, TimeSpan.FromSeconds(-2), TimeSpan.FromSeconds(2));
        Assert.Null(RunningProcess.StartedAt(int.MaxValue));
    }

    private static LockContent Ours() => LockContent.OfThisProcess(LockKind.Shared, Clock);

    private static LockContent Elsewhere(TimeSpan age) =>
        Ours() with { Hostname = "elsewhere", Time = Timestamp.FromDateTimeOffset(Clock.GetUtcNow() - age) };
}
