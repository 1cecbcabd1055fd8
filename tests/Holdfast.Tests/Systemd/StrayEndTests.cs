using System.Diagnostics;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Hosts;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Systemd;

public sealed class StrayEndTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stray_is_ended_by_what_holds_it_and_another_process_of_its_number_is_left_alone()
    {
        using var sleeping = Process.Start("sleep", ["1000"]);
        try
        {
            using (var probe = HeldProcess.TryOpen(sleeping.Id)) Require.That(probe is not null, "Linux before 5.3 cannot hold a process.");
            var table = ProcessTable.Read("/proc");
            var search = new LeftOverSearch(new PlatformSettings { Groups = [] }, "/proc", Environment.ProcessId);
            var end = new StrayEnd(null!, search, TimeProvider.System); // no program is run
            var stray = new Stray(table.Find(sleeping.Id)!, "test", MayEnd: true);

            await end.EndAsync([stray with { Process = stray.Process with { Started = stray.Process.Started - 1 } }], Cancellation);
            Assert.False(sleeping.HasExited);
            Assert.Empty(await end.EndAsync([stray], Cancellation));
            await sleeping.WaitForExitAsync(Cancellation);
            Assert.Equal(128 + 15, sleeping.ExitCode);
        }
        finally
        {
            if (!sleeping.HasExited) sleeping.Kill();
        }
    }
}
