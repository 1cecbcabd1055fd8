using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Retention;
using Holdfast.Engine.Running;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>Removes recovery points: by the profile's rules, or those that are named. See docs/retention.md.</summary>
internal static class ForgetCommand
{
    private const string Verb = "points forget";

    private static readonly Argument<string[]> Points = new("point")
    {
        Description = "Remove these instead: ids, or the beginnings of them.", Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<bool> PlanOnly = new("--plan")
    {
        Description = "Only show which points stay or go, and why.",
    };
    private static readonly Option<bool> RemoveMost = new("--remove-most")
    {
        Description = "More than half of the points may go.",
    };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Make(Launcher launcher)
    {
        const string does = "Removes recovery points by the rules of the profile ('retention'), or those that are named.";
        return launcher.Start(new Command("forget", does) { Points, PlanOnly, RemoveMost, Yes }, RunAsync);
    }

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (named, planOnly) = (parsed.GetRequiredValue(Points), parsed.GetValue(PlanOnly));
        var settings = RetentionSettings.Of(session.Profile) ?? new RetentionSettings();
        if (named.Length == 0 && settings.Keep.IsEmpty)
        {
            var message = $"The profile {session.Profile.File} has no rule under 'retention.points'.";
            throw Catalogue.RetentionUnset.Throwable(message);
        }
        await using var run = await PrepareAsync(session, cancellation);
        var planner = Planner(session, settings);
        var platform = session.Profile.Platform;
        var ids = await FindAsync(run.Repository, platform, named, cancellation);
        var removal = new PointRemoval(run.Repository, platform, Decide);
        var plan = await removal.PlanAsync(cancellation);
        if (planOnly || !parsed.GetValue(Yes)) Show(session.Output, plan);
        if (planOnly)
        {
            foreach (var refusal in plan.Refusals) session.Warn(refusal);
            var finished = ForgetFinishedEvent.Of(platform, plan, plan.Removed.Count, removal.Others);
            session.Output.Tell(finished with { Planned = true });
            return ExitCode.Success;
        }
        plan.RefuseUnlessSafe();
        var isAsked = plan.Removed.Count > 0 && !parsed.GetValue(Yes);
        if (isAsked) await ConfirmAsync(session, plan.Removed.Count, cancellation);
        return await RemoveAsync(session, run, removal, plan, cancellation);

        ForgetPlan Decide(IReadOnlyList<Snapshot> points) =>
            named.Length > 0 ? planner.PlanNamed(points, ids) : planner.Plan(points, parsed.GetValue(RemoveMost));
    }

    private static Task ConfirmAsync(Session session, int count, CancellationToken cancellation)
    {
        var points = $"{Amounts.Count(count, "recovery point")} of platform {Printable.Name(session.Profile.Platform)}";
        return session.ConfirmAsync(
            $"Remove {points}? [y/N]",
            "Recovery points would be removed, and nobody is here to confirm it, so none was.",
            "It was not confirmed, so no recovery point was removed.",
            cancellation);
    }

    /// <summary>
    /// Applies the rules after a backup, when the profile wants it. The recovery point was taken, whatever becomes of
    /// the others: what keeps them from being removed is a warning.
    /// </summary>
    public static async Task RunAfterBackupAsync(Session session, CancellationToken cancellation)
    {
        if (RetentionSettings.Of(session.Profile) is not { AfterBackup: true, Keep.IsEmpty: false } settings) return;
        try
        {
            await using var run = await PrepareAsync(session, cancellation);
            var planner = Planner(session, settings);
            var platform = session.Profile.Platform;
            var removal = new PointRemoval(run.Repository, platform, points => planner.Plan(points, false));
            var plan = await removal.PlanAsync(cancellation);
            plan.RefuseUnlessSafe();
            if (plan.Removed.Count == 0) return;
            var outcome = await RemoveAsync(run, removal, plan, cancellation);
            if (outcome.Problem is { } problem) throw new ProblemException(problem);
            session.Output.Tell(ForgetFinishedEvent.Of(platform, plan, removal.Removed.Count, removal.Others));
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            session.Warn(failure.ToProblem());
        }
    }

    private static Task<RunOutcome> RemoveAsync(
        RepositoryRun run, PointRemoval removal, ForgetPlan plan, CancellationToken cancellation) =>
        run.RunAsync(Verb, _ => Task.FromResult(removal.Steps(plan)), reads: false, cancellation);

    private static async Task<ExitCode> RemoveAsync(
        Session session, RepositoryRun run, PointRemoval removal, ForgetPlan plan, CancellationToken cancellation)
    {
        if (plan.Removed.Count > 0)
        {
            var outcome = await RemoveAsync(run, removal, plan, cancellation);
            session.TellFailure(outcome);
            if (!outcome.Succeeded) return outcome.Exit;
        }
        var platform = session.Profile.Platform;
        session.Output.Tell(ForgetFinishedEvent.Of(platform, plan, removal.Removed.Count, removal.Others));
        return ExitCode.Success;
    }

    private static void Show(IOutput output, ForgetPlan plan)
    {
        var rows = plan.Decisions.Select(PointDecisionEvent.Of).ToList();
        output.Tell(PointDecisionEvent.Table(rows), rows);
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
        var environment = session.RunEnvironment(new RunTeller(session.Output, session.Clock));
        var (profile, settings) = (session.Profile, await session.Source.ReadAsync(cancellation));
        return await RepositoryRun.PrepareAsync(
            environment, profile.Platform, settings, session.UndoHandlers(profile), cancellation);
    }
}
