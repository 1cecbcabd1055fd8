using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>Verifies the preconditions of a backup, and changes nothing.</summary>
internal static class CheckCommand
{
    private static readonly Option<bool> Strict = new("--strict") { Description = "Let warnings count as failures." };
    private static readonly Option<string[]> Only = new("--only")
    {
        Description = "Only these subjects, or kinds of subject.", HelpName = "SUBJECT", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [],
    };

    public static Command Make(Launcher launcher) =>
        launcher.Start(new Command("check", "Asks whether anything is in the way of a backup: users, work in progress, services, disk, clock, repository.") { Only, Strict }, RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (only, strict) = (parsed.GetRequiredValue(Only), parsed.GetValue(Strict));
        var settings = CheckSettings.Read(session.Profile);
        var run = new CheckRun(CheckSources.Of(session, settings), settings.Timeout, session.Clock);
        var count = run.Choose(only).Count;
        var began = session.Clock.GetTimestamp();
        var report = await LiveStep.RunAsync(
            session.Output, session.Clock, $"Ask {Amounts.Count(count, "subject")}", () => run.RunAsync(only, cancellation), () => (0, 0, run.Asked, count));
        var lines = report.Lines.Select(CheckLineEvent.Of).ToList();
        session.Output.Report(CheckLineEvent.Table(lines), lines);
        session.Output.Report(PlatformCheckFinishedEvent.Of(session.Profile.Platform, report, lines, strict) with { Seconds = session.Clock.GetElapsedTime(began).TotalSeconds });
        return report.Exit(strict);
    }
}
