using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Engine.Restore;

namespace Holdfast.Cli.Commands;

/// <summary>
/// Restores a platform from a recovery point. On an empty machine the repository and its password are enough: the
/// profile is in the point.
/// </summary>
internal static class RestoreCommand
{
    private static readonly Argument<string> Point = Arguments.Point("point", "Its id, the beginning of it, or 'latest'.");
    private static readonly Option<bool> Plan = new("--plan") { Description = "Only show what would be done." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };
    private static readonly Option<string[]> Only = Arguments.Only("Only these components (postgres/main), kinds of component (postgres), or parts of them: databases, indices, queues (postgres:shop).");
    private static readonly Option<string?> Target = new("--target") { Description = "Restore below this directory, not to where it came from.", HelpName = "DIR" };
    private static readonly Option<string[]> Include = Arguments.Patterns("--include", "Only files that fit a pattern, and databases, queues and indices of this name.");
    private static readonly Option<string[]> Exclude = Arguments.Patterns("--exclude", "No files that fit a pattern, and no databases, queues and indices of this name.");
    private static readonly Option<bool> Overwrite = new("--overwrite") { Description = "Replace what exists, instead of moving it aside." };
    private static readonly Option<bool> NoLock = Arguments.NoLock();
    private static readonly Option<bool> Trust = new("--trust-profile") { Description = "Do what the profile in the point says, without a question: run its commands, read its secrets, connect to its servers." };

    static RestoreCommand() => Point.DefaultValueFactory = _ => "latest";

    public static Command Make(Launcher launcher) => launcher.Start(
        RecoveryOptions.With(IndexOptions.With(FileOptions.With(new Command("restore", "Brings the platform back from a recovery point.") { Point, Plan, Yes, Only, Target, Include, Exclude, Overwrite, NoLock, Trust }))), RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var request = await RequestAsync(session, parsed, cancellation);
        var teller = new RunReporter(session.Output, session.Clock) { Limits = Limits(request) };
        await using var run = await RestoreRun.PrepareAsync(session.RunEnvironment(teller), request, cancellation);
        var reach = parsed.GetValue(Trust) ? null : run.Reach;
        if (reach is { IsEmpty: false } or { Files.Count: > 0 }) session.Output.Report(ProfileReachEvent.Of(run.Point, reach));
        if (reach is { IsEmpty: false })
        {
            if (parsed.GetValue(Plan)) return await OutlineAsync(session, run, teller.Limits, cancellation);
            await session.ConfirmAsync(
                $"Trust the profile of recovery point {run.Point.Id.ToShortString()}? [y/N]", Catalogue.ProfileUntrusted,
                "The profile comes from the recovery point, and nobody is here to confirm what it would do, so nothing was done.", "The profile was not confirmed, so nothing was done.", cancellation);
        }
        if (parsed.GetValue(Plan) || !parsed.GetValue(Yes))
        {
            var plan = await run.PlanAsync(cancellation);
            session.Output.Report(PlanEvent.Of(plan) with { Limits = teller.Limits });
            if (request.Target is null) await WarnOfRunningAsync(session, run, cancellation);
            if (parsed.GetValue(Plan)) return ExitCode.Success;
            if (plan.Steps.Any(step => step.Destroys)) await ConfirmAsync(session, run, teller.Limits, cancellation);
            if (run.Unselected is { Count: > 0 } what && await session.AgreesAsync(Unselected(what), cancellation)) run.WriteUnselected();
        }
        var summary = await run.RunAsync(cancellation);
        session.TellFailure(summary.Outcome);
        if (summary.Outcome.Problem is null) session.Output.Report(RestoreFinishedEvent.Of(summary, request.Target, teller.Bytes, teller.Steps));
        if (summary.Outcome.Succeeded && SearchOffer.Of(request, run.Manifest, session.Components(run.Profile)) is { } offer) session.Warn(offer);
        return summary.Exit;
    }

    /// <summary>A restore stops nothing by itself, except for servers whose files it exchanges.</summary>
    private static async Task WarnOfRunningAsync(Session session, RestoreRun run, CancellationToken cancellation)
    {
        const int Most = 5;
        if (session.PlatformOf(run.Profile) is not { } platform || await platform.FindRunningAsync(cancellation) is not { Count: > 0 } units) return;
        session.Warn(Catalogue.PlatformRuns.With($"The platform runs ({Quantity.List(units, Most)}): what its users write meanwhile goes into what is replaced."));
    }

    private static async Task<ExitCode> OutlineAsync(Session session, RestoreRun run, string? limits, CancellationToken cancellation)
    {
        session.Output.Report(PlanEvent.Of(await run.OutlineAsync(cancellation)) with { Limits = limits });
        session.Output.Report(new MessageEvent("With --trust-profile the plan shows each step: then the profile's commands run, its secrets are read, and its servers are asked."));
        return ExitCode.Success;
    }

    private static async Task<RestoreRequest> RequestAsync(Session session, ParseResult parsed, CancellationToken cancellation) => new()
    {
        Repository = await session.Source.ReadAsync(cancellation),
        Compose = session.Components,
        AfterFiles = holds => UnitFiles.ReloadStepsAsync(session.Host, holds),
        Point = parsed.GetRequiredValue(Point),
        Profile = session.ProfileIfAny,
        Only = parsed.GetRequiredValue(Only),
        Target = TargetOf(parsed),
        Overwrite = parsed.GetValue(Overwrite),
        NoLock = parsed.GetValue(NoLock),
        Include = parsed.GetRequiredValue(Include),
        Exclude = parsed.GetRequiredValue(Exclude),
        Recovery = RecoveryOptions.Read(parsed),
        Indices = IndexOptions.Read(parsed),
        Files = FileOptions.Read(parsed),
    };

    private static string? TargetOf(ParseResult parsed) => parsed.GetValue(Target) switch
    {
        null => null,
        "" => throw Catalogue.Usage.Throwable("--target is empty.", "Name the directory to restore below; without --target everything goes back to where it came from."),
        var target => Path.GetFullPath(target),
    };

    private static string Unselected(IReadOnlyList<string> what)
    {
        const int Most = 20;
        var named = what.Count > Most ? $" ({Quantity.Of(what.Count, "name")}, all of them in the plan)" : $": {string.Join(", ", what.Select(Printable.Name))}";
        return $"This machine did not make the point. Restore also what the profile does not select{named}? [y/N]";
    }

    /// <summary>The options that limit what is restored, as they would be written; null when all of the point is restored.</summary>
    private static string? Limits(RestoreRequest request)
    {
        IEnumerable<string> options =
        [
            .. request.Only.Select(name => $"--only {name}"),
            .. request.Include.Select(pattern => $"--include {pattern}"),
            .. request.Exclude.Select(pattern => $"--exclude {pattern}"),
        ];
        return string.Join(' ', options) is { Length: > 0 } limits ? limits : null;
    }

    private static Task ConfirmAsync(Session session, RestoreRun run, string? limits, CancellationToken cancellation) => session.ConfirmAsync(
        $"Restore platform {Printable.Name(run.Profile.Platform)}{PlanEvent.LimitedTo(limits)} from point {run.Point.Id.ToShortString()} of {Amounts.Time(run.Point.Time.ToDateTimeOffset())}, made by {Printable.Text(run.Point.Username)} on {Printable.Text(run.Point.Hostname)}? [y/N]",
        Catalogue.Unconfirmed, "The restore replaces or moves what exists, and nobody is here to confirm it, so nothing was done.", "The restore was not confirmed, so nothing was done.", cancellation);
}
