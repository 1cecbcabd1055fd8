using Holdfast.Components.Systemd;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>A unit that says that its start may take for ever, as those of PostgreSQL on Debian do, and that never says that it is up.</summary>
public sealed class SlowStartTests
{
    private const string Slow = "[Service]\nType=notify\nNotifyAccess=all\nTimeoutStartSec=infinity\nExecStart=/bin/sh -c '[ -e /run/mute ] || systemd-notify --ready; exec sleep infinity'\n";

    [Fact]
    public async Task A_start_that_never_ends_keeps_no_other_unit_down_in_the_run_in_its_undo_and_in_recover()
    {
        await using var scene = await PlatformScene.BeginAsync();
        await scene.WriteUnitsAsync(("web.service", PlatformScene.Sleeper), ("slow.service", Slow), ("store.service", PlatformScene.Sleeper));
        await scene.WriteProfileAsync("- { name: front, units: [web.service] }\n- { name: slow, units: [slow.service], start-timeout: 2s }\n- { name: stores, units: [store.service], store: true }");
        await scene.StartAsync("web.service", "slow.service", "store.service");
        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.Box.BashAsync("touch /run/mute");

        // With the limits of ours, shortened.
        var settings = new PlatformSettings { Groups = [], StartLimit = TimeSpan.FromSeconds(4), StartPatience = TimeSpan.FromSeconds(1) };
        var undo = new StartServices(new Systemctl(new BoxedHost(scene.Box)), settings, TimeProvider.System);
        var owed = StartServices.Of(StartOrder.Parse("slow.service; web.service", ""));
        var failed = await Assert.ThrowsAsync<ProblemException>(() => undo.UndoAsync(owed, TestContext.Current.CancellationToken));
        Assert.Contains("slow.service did not come up within 4 s and is activating (start)", failed.Message, StringComparison.Ordinal);
        await scene.AllAreAsync("active", "web.service");
        await scene.AllAreAsync("activating", "slow.service");

        // With that of the profile, by the program.
        await scene.Box.BashAsync("systemctl stop web.service");
        Assert.Contains("slow.service did not come up within 2 s", (await scene.FailsAsync(Catalogue.UnitDown, "platform", "start")).Errors, StringComparison.Ordinal);
        await scene.AllAreAsync("active", "web.service");
        Assert.Equal((int)Catalogue.UndoFailed.Exit, (await scene.HoldfastAsync("recover")).ExitCode);

        await scene.Box.BashAsync("rm /run/mute; systemctl kill -s KILL slow.service");
        (await scene.HoldfastAsync("recover")).Succeeded();
        await scene.AllAreAsync("active", "web.service", "slow.service");
    }

    /// <summary>The box as a machine of the product's own code.</summary>
    private sealed class BoxedHost(SystemdBox box) : IHost
    {
        public string Name => "box";

        public string? FindProgram(string name) => $"/usr/bin/{name}";

        public IRunningProgram Start(ProgramCall call) => throw new NotSupportedException();

        public async Task<(ProgramResult Result, string Output)> RunAsync(ProgramCall call, CancellationToken cancellation)
        {
            var result = await box.RunAsync(call.Program, call.Arguments);
            return (new ProgramResult(result.ExitCode, result.Errors), result.Output);
        }
    }
}
