using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>
/// The parts common to every run around its plan: the platform's lock, the recovery of dead runs, a journal, the
/// executor.
/// </summary>
internal sealed class RunFrame : IDisposable
{
    /// <summary>
    /// How long a run waits for a recovery in progress: that recovery starts services which the run may have to stop
    /// again.
    /// </summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    private readonly RunEnvironment _environment;
    private readonly IReadOnlyList<IUndoHandler> _handlers;
    private readonly RunLock _held;

    private RunFrame(RunEnvironment environment, string id, IReadOnlyList<IUndoHandler> handlers, RunLock held) =>
        (_environment, Id, _handlers, _held) = (environment, id, handlers, held);

    /// <summary>The id of the run.</summary>
    public string Id { get; }

    /// <summary>Warnings from before the plan, mostly about dead runs.</summary>
    public IReadOnlyList<Problem> Found { get; private set; } = [];

    private IReadOnlyList<RecoveredRun> _recovered = [];

    /// <summary>
    /// Takes the platform's lock, then performs the pending undos of its dead runs, so that the plan is made for the
    /// state after them.
    /// </summary>
    /// <param name="environment">The environment of the run.</param>
    /// <param name="id">The id of the run.</param>
    /// <param name="platform">The platform whose lock is taken.</param>
    /// <param name="handlers">The handlers of the undos that this run and dead runs may register.</param>
    /// <param name="warnings">Warnings from before the run; they belong to its journal and outcome.</param>
    public static async Task<RunFrame> EnterAsync(RunEnvironment environment, string id, string platform, IReadOnlyList<IUndoHandler> handlers, IReadOnlyList<Problem> warnings)
    {
        IReadOnlyList<IUndoHandler> all = [.. handlers.Concat(environment.UndoHandlers).DistinctBy(handler => handler.Kind, StringComparer.Ordinal)];
        var held = await RunLock.TakeAfterAsync(environment.State, platform, Holder(environment.Clock), RecoverRun.Holder, _patience, environment.Clock);
        var frame = new RunFrame(environment, id, all, held);
        try
        {
            var recovered = await new Recovery(environment.State, all, new SilentObserver(), environment.Clock).RecoverAsync(frame._held);
            if (environment.Profile is { } profile && profile.Platform == platform) KeptProfile.Save(environment.State, profile);
            frame._recovered = recovered;
            frame.Found = [.. recovered.SelectMany(Describe), .. Recovery.DamagedJournals(environment.State), .. warnings];
            return frame;
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    /// <summary>Runs the plan under a journal of its own.</summary>
    public async Task<RunOutcome> RunAsync(Plan plan, Interruption interruption)
    {
        using var journal = Journal.Create(_environment.State, Id);
        var log = new RunLog(journal, _environment.Observer, _environment.Clock);
        var owed = new PendingUndos(log, _handlers, _environment.Clock);
        var outcome = await new Executor(Id, log, owed, interruption, _environment.Clock).RunAsync(Started(plan), plan, Found);
        return outcome with { Unrecovered = [.. _recovered.Where(run => run.Failures.Count > 0).Select(run => $"{run.Verb} {run.RunId}")] };
    }

    public void Dispose() => _held.Dispose();

    /// <summary>The text about this run that is shown to another run which finds the lock taken.</summary>
    internal static string Holder(TimeProvider clock) =>
        string.Create(CultureInfo.InvariantCulture, $"process {ThisProcess.Id}, since {clock.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC");

    private RunStarted Started(Plan plan) => new(
        Id, plan.Verb, plan.Platform, _environment.Host, ThisProcess.Id, ThisProcess.Started, _environment.Version, [.. plan.Steps.Select(PlannedStep.Of)]);

    /// <summary>When an undo failed, action is still required; the problems after the first one describe it.</summary>
    private static IEnumerable<Problem> Describe(RecoveredRun run)
    {
        var what = $"The {run.Verb} {run.RunId} of {run.Began:yyyy-MM-dd HH:mm} UTC had been cut off;";
        return run.Failures.Count == 0
            ? [Catalogue.RunRecovered.With($"{what} {run.Undone} of what it owed has been undone.")]
            : [Catalogue.RunRecovered.With($"{what} {run.Undone} of its undos {(run.Undone == 1 ? "is" : "are")} complete, and {run.Failures.Count} could not be done.", "Do what the problems after this one say; then run 'holdfast recover'."), .. run.Failures];
    }

    private sealed class SilentObserver : IRunObserver
    {
        public void OnEvent(RunEvent happened)
        {
            // The run that performs the recovery reports it in its own warnings.
        }
    }
}
