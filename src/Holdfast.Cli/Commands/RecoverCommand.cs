using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Running;

namespace Holdfast.Cli.Commands;

/// <summary>Does what runs that were cut off still owe. Every backup and restore does the same before it begins.</summary>
internal static class RecoverCommand
{
    public static Command Make(Launcher launcher) =>
        launcher.Start(new Command("recover", "Undoes what a run that was cut off has left half done."), RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var environment = session.RunEnvironment(new RunTeller(session.Output, session.Clock));
        var recovered = new List<RecoveredRun>();
        var refusals = Recovery.DamagedJournals(environment.State).ToList();
        foreach (var platform in Recovery.PlatformsWithOpenRuns(environment.State))
        {
            try
            {
                var profile = await ProfileOfAsync(session, platform, cancellation);
                recovered.AddRange(await new RecoverRun(environment, platform, await session.RepositoryIfAnyAsync(cancellation), session.UndoHandlers(profile)).RunAsync());
            }
            catch (ProblemException refused)
            {
                // The other platforms are waiting.
                refusals.Add(refused.Problem);
            }
        }
        foreach (var refusal in refusals) session.Output.Tell(ProblemEvent.Error(refusal));
        var failures = recovered.SelectMany(run => run.Failures).Concat(refusals).ToList();
        session.Output.Tell(new RecoverFinishedEvent(recovered.Count, recovered.Sum(run => run.Undone), failures.Count));
        return failures.Count == 0 ? ExitCode.Success : failures[0].Exit;
    }

    /// <summary>A restore on an empty machine had no profile but the one in its point.</summary>
    private static async Task<Profile> ProfileOfAsync(Session session, string platform, CancellationToken cancellation)
    {
        if (session.ProfileIfAny?.Platform == platform) return session.ProfileIfAny;
        var points = new RecoveryPoints(await session.OpenAsync(cancellation));
        return await points.ReadProfileAsync(await points.FindAsync("latest", platform, [], cancellation), cancellation);
    }
}
