using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Execution;

/// <summary>
/// Runs a plan that neither makes nor restores a recovery point, in the same way as every other run: under the
/// platform's lock, after the recovery of dead runs, with a journal.
/// </summary>
/// <param name="environment">The environment of the run: clock, names, state directory and observer.</param>
/// <param name="platform">The platform that the run belongs to.</param>
/// <param name="repository">Used only for pending undos of dead runs in the repository; null when its location is
/// unknown.</param>
/// <param name="handlers">The handlers of the undos that this run and dead runs may register.</param>
public sealed class PlannedRun(RunEnvironment environment, string platform, RepositorySettings? repository, IReadOnlyList<IUndoHandler> handlers)
{
    /// <summary>Makes the plan once dead runs have been recovered, and executes it.</summary>
    /// <exception cref="ProblemException">Another run is in progress, the plan cannot be made, or the journal cannot be
    /// written.</exception>
    public async Task<RunOutcome> RunAsync(Func<CancellationToken, Task<Plan>> compose, CancellationToken cancellation)
    {
        using var interruption = new Interruption(cancellation);
        await using var hold = repository is null ? null : new RepositoryHold(repository);
        IReadOnlyList<IUndoHandler> all = hold is null ? handlers : [hold, .. handlers];
        using var frame = await RunFrame.EnterAsync(environment, environment.NewRunId(environment.Clock), platform, all, []);
        return await frame.RunAsync(await Abandonable.RunAsync(() => compose(cancellation), environment.Clock, cancellation), interruption);
    }
}
