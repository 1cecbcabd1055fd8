using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Posix;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Maintenance;

public sealed class StalenessTests
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(29), Old = TimeSpan.FromMinutes(31);

    [Fact]
    public void Half_an_hour_makes_any_lock_stale()
    {
        Assert.False(Staleness.IsStale(Of(Ours() with { Process = Foreign }, Fresh)));
        Assert.True(Staleness.IsStale(Of(Ours() with { Process = Foreign }, Old)));
        Assert.False(Staleness.IsStale(Of(null, Fresh)));
        Assert.True(Staleness.IsStale(Of(null, Old)));
    }

    [Fact]
    public void An_exclusive_lock_is_never_passed_over_for_its_age_alone()
    {
        var exclusive = Ours() with { Exclusive = true, Process = Foreign };
        Assert.False(Staleness.IsPassedOver(Of(exclusive, TimeSpan.FromDays(3))));
        Assert.True(Staleness.IsPassedOver(Of(exclusive with { Exclusive = false }, Old)));
        Assert.True(Staleness.IsPassedOver(Of(null, Old)));
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public void A_lock_of_a_running_process_is_held() => Assert.False(Staleness.IsStale(Of(Ours(), Fresh)));

    [Fact]
    public void A_lock_of_a_dead_process_is_stale()
    {
        using var process = Command.Start("sleep", ["60"]);
        var content = Ours() with { Pid = process.Id, Process = ProcessIdentity.Own with { Started = RunningProcess.StartTicks(process.Id)!.Value } };
        Assert.False(Staleness.IsStale(Of(content, Fresh)));
        process.Kill();
        process.WaitForExit();
        Assert.True(Staleness.IsPassedOver(Of(content with { Exclusive = true }, TimeSpan.Zero)));
    }

    [Fact]
    public void A_number_that_another_process_has_got_since_is_not_its_holder() =>
        Assert.True(Staleness.IsOfDeadProcess(Of(Ours() with { Process = ProcessIdentity.Own with { Started = ProcessIdentity.Own.Started - 1 } }, Fresh)));

    [Theory]
    [InlineData("another-boot", null)]
    [InlineData(null, "pid:[1]")]
    [InlineData("", null)]
    [InlineData(null, "")]
    public void A_process_of_another_boot_or_namespace_is_never_declared_dead(string? boot, string? space)
    {
        var process = ProcessIdentity.Own with { Boot = boot ?? ProcessIdentity.Own.Boot, Namespace = space ?? ProcessIdentity.Own.Namespace };
        Assert.False(Staleness.IsStale(Of(Ours() with { Pid = 2_000_000_000, Process = process }, Fresh)));
        Assert.False(Staleness.IsStale(Of(Ours() with { Pid = 1, Process = process }, Fresh)));
    }

    private static ProcessIdentity Foreign => new("", "", 0);

    private static LockContent Ours() => LockContent.OfThisProcess(LockKind.Shared, TimeProvider.System);

    private static StoredLock Of(LockContent? content, TimeSpan age) => new(Id.Hash([1]), content, age);
}
