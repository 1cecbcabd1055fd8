using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>Looks at the services of the platform, stops them and starts them.</summary>
internal static class PlatformCommand
{
    private static readonly Option<bool> Stores = new("--stores") { Description = "Stop the stores too: databases, queues, search." };
    private static readonly Option<bool> KillStrays = new("--kill-strays") { Description = "End processes of the platform that no unit accounts for." };
    private static readonly Option<bool> Plan = new("--plan") { Description = "Only show what would be done." };

    public static Command Make(Launcher launcher) => new("platform", "Looks at the platform's services, stops and starts them.")
    {
        launcher.Start(new Command("status", "Shows every unit, what a stop would stop, stray processes and stale PID files."), TellStatusAsync),
        launcher.Start(new Command("stop", "Stops the platform in the profile's order, and remembers what ran.") { Stores, KillStrays, Plan }, StopAsync),
        launcher.Start(new Command("start", "Starts what 'platform stop' has stopped; without a record, what is enabled.") { Plan }, StartAsync),
    };

    private static async Task<ExitCode> TellStatusAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var status = await PlatformOf(session).ReadStatusAsync(cancellation);
        var units = UnitEvent.Of(status);
        session.Output.Report(UnitEvent.Table(units), units);
        foreach (var problem in status.Problems) session.Warn(problem);
        foreach (var stray in status.LeftOver.Strays.Concat(status.LeftOver.Foreign)) session.Output.Report(StrayEvent.Of(stray));
        foreach (var file in status.LeftOver.PidFiles) session.Output.Report(PidFileEvent.Of(file));
        var record = StoppedPlatform.Read(session.State, session.Profile.Platform);
        session.Output.Report(PlatformStatusEvent.Of(session.Profile.Platform, status, record));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> StopAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var platform = PlatformOf(session);
        var name = session.Profile.Platform;
        var options = new StandstillOptions(parsed.GetValue(Stores), parsed.GetValue(KillStrays) || platform.Defaults.KillsStrays);
        var stopped = StartOrder.Empty;
        if (parsed.GetValue(Plan)) return Report(session, await ComposeAsync(cancellation));
        var outcome = await session.RunAsync(ComposeAsync, cancellation);
        if (outcome.Problem is null) session.Output.Report(new PlatformStoppedEvent(name, [.. stopped.Units], outcome.Warnings.Count, outcome.Duration.TotalSeconds));
        return outcome.Exit;

        async Task<Plan> ComposeAsync(CancellationToken token) => new("platform stop", name, await platform.PlanStopAsync(options, Keep, token));

        // Units that an earlier stop has stopped, and that are still stopped, are started with these.
        void Keep(string run, StartOrder ran)
        {
            var earlier = StoppedPlatform.Read(session.State, name);
            stopped = ran;
            var all = earlier is null ? ran : ran.Before(StartOrder.Parse(earlier.Units, earlier.Stay));
            Recovery.TakeOver(session.State, run, name, SystemdPlatform.StartUndo, Write, session.Clock);

            // Units that an interrupted run did not start again must not start while the platform is stopped.
            void Write(IReadOnlyList<Undo> owed)
            {
                all = owed.Aggregate(all, (sum, undo) => sum.Before(SystemdPlatform.OrderOf(undo)));
                if (!all.IsEmpty) new StoppedPlatform(run, session.Clock.GetUtcNow(), all.ToText(), all.StayText()).Write(session.State, name);
            }
        }
    }

    private static async Task<ExitCode> StartAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var platform = PlatformOf(session);
        var name = session.Profile.Platform;
        var record = StoppedPlatform.Read(session.State, name);
        var order = StartOrder.Empty;
        if (parsed.GetValue(Plan)) return Report(session, await ComposeAsync(cancellation));
        var outcome = await session.RunAsync(ComposeAsync, cancellation);
        if (outcome.Problem is null) session.Output.Report(new PlatformStartedEvent(name, [.. order.Units], record is not null, outcome.Warnings.Count, outcome.Duration.TotalSeconds));
        return outcome.Exit;

        async Task<Plan> ComposeAsync(CancellationToken token)
        {
            // systemd does not know unit files that were restored or edited since, and would not start their units.
            if (!parsed.GetValue(Plan)) await UnitFiles.ReloadAsync(session.Host, text => session.Output.Report(new NoteEvent(text)), token);
            order = record is null ? await platform.FindEnabledAsync(token) : StartOrder.Parse(record.Units, record.Stay);
            return new Plan("platform start", name, platform.PlanStart(order, () => StoppedPlatform.Forget(session.State, name)));
        }
    }

    private static ExitCode Report(Session session, Plan plan)
    {
        session.Output.Report(PlanEvent.Of(plan));
        return ExitCode.Success;
    }

    private static SystemdPlatform PlatformOf(Session session) => session.PlatformOf(session.Profile)
        ?? throw Catalogue.PlatformUnset.Throwable($"The profile {session.Profile.File} names no services.");
}
