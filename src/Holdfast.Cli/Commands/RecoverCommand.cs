using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Commands;

/// <summary>
/// Completes the pending undos of interrupted runs. Every backup and restore does the same before it begins.
/// </summary>
internal static class RecoverCommand
{
    private static readonly Option<bool> Forget = new("--forget") { Description = "Drop what could not be undone, after it was shown: nothing tries it again." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Make(Launcher launcher) =>
        launcher.Start(new Command("recover", "Undoes what a run that was cut off has left half done.") { Forget, Yes }, RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var recovered = new List<RecoveredRun>();
        var refusals = Recovery.DamagedJournals(session.State).ToList();
        Problem? busy = null;
        foreach (var platform in Recovery.PlatformsWithOpenRuns(session.State))
        {
            try
            {
                recovered.AddRange(await RecoverAsync(session, platform, cancellation));
            }
            catch (ProblemException refused) when (refused.Problem.Code == Catalogue.RunInProgress.Code)
            {
                // The other run has completed the pending undos before it began: this is no failure, and the timer
                // meets it each minute of a long backup.
                busy = refused.Problem;
                session.Output.Report(new NoteEvent(refused.Problem.Message));
            }
            catch (ProblemException refused)
            {
                // The other platforms are waiting.
                refusals.Add(refused.Problem);
            }
        }
        foreach (var refusal in refusals) session.Output.Report(ProblemEvent.Error(refusal));
        var failures = recovered.SelectMany(run => run.Failures).Concat(refusals).ToList();
        if (busy is null || recovered.Count > 0 || failures.Count > 0)
            session.Output.Report(new RecoverFinishedEvent(recovered.Count, recovered.Sum(run => run.Undone), failures.Count));
        if (parsed.GetValue(Forget)) return await ForgetAsync(session, parsed.GetValue(Yes), cancellation);
        return failures.Count > 0 ? failures[0].Exit : busy?.Exit ?? ExitCode.Success;
    }

    private static async Task<ExitCode> ForgetAsync(Session session, bool yes, CancellationToken cancellation)
    {
        foreach (var platform in Recovery.PlatformsWithOpenRuns(session.State))
        {
            var pending = Recovery.Pending(session.State, platform);
            session.Output.Report(new MessageEvent($"Still owed for platform {Printable.Name(platform)}:"));
            foreach (var undo in pending) session.Output.Report(new MessageEvent($"  {Printable.Text(undo)}"));
            if (!yes)
            {
                await session.ConfirmAsync(
                    $"Drop {Amounts.Count(pending.Count, "undo", "undos")} for good? [y/N]", "What is owed would be dropped, and nobody is here to confirm it, so nothing was dropped.",
                    "It was not confirmed, so nothing was dropped.", cancellation);
            }
            var run = new RecoverRun(session.RunEnvironment(new RunReporter(session.Output, session.Clock)), platform, repository: null, []);
            session.Output.Report(new MessageEvent($"{Amounts.Count(run.Forget(), "undo", "undos")} of platform {Printable.Name(platform)} dropped."));
        }
        return ExitCode.Success;
    }

    private static async Task<IReadOnlyList<RecoveredRun>> RecoverAsync(Session session, string platform, CancellationToken cancellation)
    {
        await using var own = session.With(ProfileOf(session, platform));
        var environment = own.RunEnvironment(new RunReporter(own.Output, own.Clock));
        return await new RecoverRun(environment, platform, await own.RepositoryIfAnyAsync(cancellation), own.UndoHandlers(own.Profile)).RunAsync();
    }

    /// <summary>The profile in use, when it is the platform's and has no mistake; else what its last run has kept.</summary>
    private static Profile ProfileOf(Session session, string platform)
    {
        var kept = KeptProfile.Read(session.State, platform);
        try
        {
            if (session.ProfileIfAny is { } profile && profile.Platform == platform) return profile;
        }
        catch (ProblemException mistaken) when (kept is not null)
        {
            session.Warn(mistaken.Problem);
        }
        // The profile of a recovery point may have been written by another user: here it cannot be confirmed, and the
        // timer runs as root.
        return kept ?? throw Catalogue.ProfileUntrusted.Throwable(
            $"A run for platform {platform} is to be recovered, and this machine has no profile of it.",
            "Write the one of its newest recovery point to a file with 'holdfast points profile --output FILE', look at it, and name it with --profile.");
    }
}
