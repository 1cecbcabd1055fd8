using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>
/// Removes recovery points by the profile's rules, or by name, and the WAL that no point needs. See docs/retention.md.
/// </summary>
internal static class ForgetCommand
{
    private const string Verb = "points forget";

    private static readonly Argument<string[]> Points = new("point")
    {
        Description = "Remove these, not what the rules say: ids, or the beginnings of them.", Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<bool> PlanOnly = new("--plan")
    {
        Description = "Only show which points stay or go, and why, and what can be restored before and after.",
    };
    private static readonly Option<string?> Simulate = new("--simulate")
    {
        Description = "Only show which points the rules will leave after so long (400d), when backups go on as they did.",
        HelpName = "LENGTH",
    };
    private static readonly Option<bool> RemoveMost = new("--remove-most")
    {
        Description = "More than half of the points may go.",
    };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Make(Launcher launcher)
    {
        const string does = "Removes recovery points and old WAL by the profile's rules, or points that are named.";
        return launcher.Start(new Command("forget", does) { Points, PlanOnly, Simulate, RemoveMost, Yes }, RunAsync);
    }

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (named, planOnly) = (parsed.GetRequiredValue(Points), parsed.GetValue(PlanOnly));
        var settings = RetentionSettings.Of(session.Profile) ?? new RetentionSettings();
        if (named.Length == 0 && settings is { Keep.IsEmpty: true, WalWindow: null, MessagesKept: null })
        {
            var message = $"The profile {session.Profile.File} has no rule under 'retention'.";
            throw Catalogue.RetentionUnset.Throwable(message);
        }
        if (parsed.GetValue(Simulate) is { } length)
        {
            if (named.Length > 0) throw Catalogue.Usage.Throwable("--simulate applies the rules, and to no named point.");
            return await SimulateAsync(session, settings, length, cancellation);
        }
        await using var run = await PrepareAsync(session, cancellation);
        var planner = Planner(session, settings);
        var ids = await FindAsync(run.Repository, session.Profile.Platform, named, cancellation);
        using var forgetting = new Forgetting(run, session.Profile.Platform, Decide);
        await forgetting.PlanAsync(cancellation);
        await forgetting.DescribeAsync(onlyRemovals: false, cancellation);
        if (planOnly || !parsed.GetValue(Yes)) Show(session.Output, forgetting);
        if (planOnly)
        {
            foreach (var refusal in forgetting.Points.Refusals) session.Warn(refusal);
            session.Output.Report(forgetting.Finished(planned: true));
            return ExitCode.Success;
        }
        forgetting.RefuseUnlessSafe();
        if (forgetting.Removes && !parsed.GetValue(Yes)) await ConfirmAsync(session, forgetting, cancellation);
        return await RemoveAsync(session, forgetting, cancellation);

        ForgetPlan Decide(IReadOnlyList<Snapshot> points) =>
            named.Length > 0 ? planner.PlanNamed(points, ids) : planner.Plan(points, parsed.GetValue(RemoveMost));
    }

    private static async Task<ExitCode> SimulateAsync(
        Session session, RetentionSettings settings, string length, CancellationToken cancellation)
    {
        var platform = session.Profile.Platform;
        var points = await new RecoveryPoints(await session.OpenAsync(cancellation), session.Warn).ListAsync(platform, cancellation);
        try
        {
            var now = Timestamp.Now(session.Clock);
            var run = ForgetSimulation.Run(settings, points, now, CalendarSpan.Parse(length), session.Clock.LocalTimeZone);
            var rows = run.Left.Select(SimulatedPointEvent.Of).ToList();
            session.Output.Report(SimulatedPointEvent.Table(rows), rows);
            session.Output.Report(SimulationFinishedEvent.Of(platform, run));
            return ExitCode.Success;
        }
        catch (FormatException malformed)
        {
            throw Catalogue.Usage.Throwable(malformed.Message, "Write a length of time, as 400d or 2y.");
        }
        catch (ArgumentOutOfRangeException)
        {
            var message = $"Backups of {length} are more than {ForgetSimulation.MostBackups}.";
            throw Catalogue.Usage.Throwable(message, "Simulate a shorter time.");
        }
    }

    private static Task ConfirmAsync(Session session, Forgetting forgetting, CancellationToken cancellation)
    {
        var points = Amounts.Count(forgetting.Points.Removed.Count, "recovery point");
        var files = forgetting.WalFiles > 0 ? $" and {Amounts.Count(forgetting.WalFiles, "WAL file")}" : "";
        if (forgetting.Archives is > 0 and var archives)
            files += $" and {Amounts.Count(archives, "archive of messages", "archives of messages")}";
        return session.ConfirmAsync(
            $"Remove {points}{files} of platform {Printable.Name(session.Profile.Platform)}? [y/N]",
            "Recovery points, WAL or messages would be removed, and nobody is here to confirm it, so nothing was.",
            "It was not confirmed, so nothing was removed.",
            cancellation);
    }

    /// <summary>
    /// Applies the rules after a backup, when the profile requires it. The recovery point is complete in any case, so a
    /// failure to remove others is a warning.
    /// </summary>
    public static async Task RunAfterBackupAsync(Session session, CancellationToken cancellation)
    {
        if (RetentionSettings.Of(session.Profile) is not { AfterBackup: true } settings) return;
        try
        {
            await using var run = await PrepareAsync(session, cancellation);
            var planner = Planner(session, settings);
            using var forgetting = new Forgetting(run, session.Profile.Platform, points => planner.Plan(points, false));
            await forgetting.PlanAsync(cancellation);
            forgetting.RefuseUnlessSafe();
            if (!forgetting.Removes) return;
            await forgetting.DescribeAsync(onlyRemovals: true, cancellation);
            var outcome = await forgetting.RunAsync(Verb, cancellation);
            if (outcome.Problem is { } problem) throw new ProblemException(problem);
            Finish(session.Output, forgetting);
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            session.Warn(failure.ToProblem());
        }
    }

    private static async Task<ExitCode> RemoveAsync(
        Session session, Forgetting forgetting, CancellationToken cancellation)
    {
        if (forgetting.Removes)
        {
            var outcome = await forgetting.RunAsync(Verb, cancellation);
            session.TellFailure(outcome);
            if (!outcome.Succeeded) return outcome.Exit;
        }
        Finish(session.Output, forgetting);
        return ExitCode.Success;
    }

    private static void Finish(IOutput output, Forgetting forgetting)
    {
        foreach (var cluster in forgetting.Wal) output.Report(WalRetentionEvent.Of(cluster));
        output.Report(forgetting.Finished(planned: false));
    }

    private static void Show(IOutput output, Forgetting forgetting)
    {
        var rows = forgetting.Points.Decisions.Select(PointDecisionEvent.Of).ToList();
        output.Report(PointDecisionEvent.Table(rows), rows);
        foreach (var cluster in forgetting.Wal) output.Report(WalRetentionEvent.Of(cluster) with { Planned = true });
    }

    private static async Task<IReadOnlySet<Id>> FindAsync(
        Repository repository, string platform, IReadOnlyList<string> named, CancellationToken cancellation)
    {
        var found = new HashSet<Id>();
        foreach (var name in named)
        {
            var point = await new RecoveryPoints(repository).FindAsync(name, platform, [], cancellation);
            if (PointTags.PlatformOf(point) is { } other && other != platform)
            {
                var message = $"Recovery point {point.Id.ToShortString()} is of platform '{other}'.";
                throw Catalogue.PointPlatform.Throwable(message, "Name the profile of that platform with --profile.");
            }
            found.Add(point.Id);
        }
        return found;
    }

    private static ForgetPlanner Planner(Session session, RetentionSettings settings) =>
        new(settings, Timestamp.Now(session.Clock), session.Clock.LocalTimeZone);

    private static async Task<RepositoryRun> PrepareAsync(Session session, CancellationToken cancellation)
    {
        var environment = session.RunEnvironment(new RunReporter(session.Output, session.Clock));
        var (profile, settings) = (session.Profile, await session.Source.ReadAsync(cancellation));
        return await RepositoryRun.PrepareAsync(
            environment, profile.Platform, settings, session.UndoHandlers(profile), cancellation);
    }
}
