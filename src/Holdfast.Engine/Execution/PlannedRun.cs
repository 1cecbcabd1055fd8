using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Execution;

/// <summary>
/// Runs a plan that makes no recovery point, and brings none back, as every other: under the platform's lock, after the recovery of dead
/// runs, with a journal.
/// </summary>
/// <param name="environment">What it meets outside.</param>
/// <param name="platform">The platform that it is for.</param>
/// <param name="repository">Only for what dead runs owe to it; null when nobody knows where it is.</param>
/// <param name="handlers">The undos that this run and dead ones may owe.</param>
public sealed class PlannedRun(RunEnvironment environment, string platform, RepositorySettings? repository, IReadOnlyList<IUndoHandler> handlers)
{
    /// <summary>Makes the plan for what is there after dead runs have been recovered, and does it.</summary>
    /// <exception cref="ProblemException">Another run is in progress, the plan can not be made, the journal can not be written.</exception>
    public async Task<RunOutcome> RunAsync(Func<CancellationToken, Task<Plan>> compose, CancellationToken cancellation)
    {
        using var interruption = new Interruption(cancellation);
        await using var hold = repository is null ? null : new RepositoryHold(repository);
        IReadOnlyList<IUndoHandler> all = hold is null ? handlers : [hold, .. handlers];
        using var frame = await RunFrame.EnterAsync(environment, environment.NewRunId(environment.Clock), platform, all, []);
        return await frame.RunAsync(await Abandonable.RunAsync(() => compose(cancellation), environment.Clock, cancellation), interruption);
    }
}
