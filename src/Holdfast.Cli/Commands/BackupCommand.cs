using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Backup;
using Holdfast.Engine.Components;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>Takes a recovery point.</summary>
internal static class BackupCommand
{
    private static readonly Option<bool> Plan = new("--plan") { Description = "Only show what would be done." };
    private static readonly Option<BackupMode?> Mode = new("--mode")
    {
        Description = "What the platform does meanwhile: online (it runs), quiesced (it stands still for seconds, the default when the profile has services), cold (it stands still until all is copied).",
        HelpName = "online|quiesced|cold",
    };
    private static readonly Option<string[]> Only = Arguments.Only("Only these components (postgres/main), or kinds of component (postgres). The point is then partial: 'latest' passes it over when all is restored.");

    static BackupCommand()
    {
        Mode.CompletionSources.Clear();
        Mode.CompletionSources.Add("cold", "online", "quiesced");
    }

    public static Command Make(Launcher launcher) => launcher.Start(new Command("backup", "Takes a recovery point of the platform.") { Plan, Mode, Only }, RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var teller = new RunReporter(session.Output, session.Clock);
        var (platform, warnings) = await PlatformAsync(session, parsed.GetValue(Mode), cancellation);
        var request = new BackupRequest
        {
            Profile = session.Profile,
            Repository = await session.Source.ReadAsync(cancellation),
            Components = session.Components(session.Profile),
            Platform = platform,
            Warnings = session.RepositoryCaptured is { } captured ? [.. warnings, captured] : warnings,
            Mode = parsed.GetValue(Mode),
            Only = parsed.GetRequiredValue(Only),
        };
        var run = new BackupRun(session.RunEnvironment(teller), request);
        if (parsed.GetValue(Plan))
        {
            var plan = await run.PlanAsync(cancellation);
            session.Output.Report(PlanEvent.Of(plan));
            foreach (var warning in request.Warnings.Concat(plan.Warnings)) session.Warn(warning);
            return ExitCode.Success;
        }
        var summary = await run.RunAsync(cancellation);
        var isCopied = summary.Point is null || await CopyCommand.RunAfterBackupAsync(session, cancellation);
        if (summary.Point is { } point && PointTags.IsWhole(point)) await ForgetCommand.RunAfterBackupAsync(session, cancellation);
        var exit = Report(session.Output, summary);
        return exit == ExitCode.Success && !isCopied ? ExitCode.Incomplete : exit;
    }

    /// <summary>
    /// The platform to quiesce. Without systemd, as in a container, nothing can be stopped: then the backup is refused,
    /// or taken online when the profile prefers that. A mode of the command line is used as it is.
    /// </summary>
    private static async Task<(IPlatformControl? Platform, IReadOnlyList<Problem> Warnings)> PlatformAsync(Session session, BackupMode? mode, CancellationToken cancellation)
    {
        var platform = session.PlatformOf(session.Profile);
        if (platform is null || mode is not null) return (platform, []);
        var missing = (await platform.ProbeAsync(cancellation)).FirstOrDefault(problem => problem.Code == Catalogue.SystemdMissing.Code);
        if (missing is null) return (platform, []);
        if (!platform.PrefersOnline)
            throw new ProblemException(missing with { Hint = $"{missing.Hint} To take a recovery point while the platform runs, say '--mode online', or 'when-late: online' under 'quiesce' in the profile." });
        return (null, [missing with { Message = $"{missing.Message} So nothing is stopped, and the recovery point is taken online." }]);
    }

    private static ExitCode Report(IOutput output, BackupSummary summary)
    {
        if (summary.Outcome.Problem is { } problem) output.Report(ProblemEvent.Error(problem));
        else output.Report(BackupFinishedEvent.Of(summary));
        return summary.Exit;
    }
}
