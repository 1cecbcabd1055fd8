using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Execution;

/// <summary>
/// Performs the pending undos of a platform's dead runs on request; every other run does so before it begins.
/// </summary>
/// <param name="environment">The environment of the run: clock, names, state directory and observer.</param>
/// <param name="platform">The platform whose runs are recovered.</param>
/// <param name="repository">Null when the repository cannot be reached now: its locks then stay pending, and all other
/// undos are performed.</param>
/// <param name="handlers">The handlers of the undos that the dead runs may have registered, besides those of the
/// repository.</param>
public sealed class RecoverRun(RunEnvironment environment, string platform, RepositorySettings? repository, IReadOnlyList<IUndoHandler> handlers)
{
    /// <summary>
    /// The beginning of the lock's holder text while a recovery holds the lock; a run that finds it waits.
    /// </summary>
    internal const string Holder = "recover, ";

    /// <exception cref="ProblemException">A run is in progress, or a journal cannot be written.</exception>
    public async Task<IReadOnlyList<RecoveredRun>> RunAsync()
    {
        await using var hold = repository is null ? null : new RepositoryHold(repository);
        IReadOnlyList<IUndoHandler> all = hold is null ? handlers : [hold, .. handlers];
        using var held = RunLock.Take(environment.State, platform, Holder + RunFrame.Holder(environment.Clock));
        return await new Recovery(environment.State, all, environment.Observer, environment.Clock).RecoverAsync(held);
    }

    /// <summary>Drops the pending undos of the platform's dead runs.</summary>
    /// <returns>How many undos were dropped.</returns>
    /// <exception cref="ProblemException">A run is in progress, or a journal cannot be written.</exception>
    public int Forget()
    {
        using var held = RunLock.Take(environment.State, platform, Holder + RunFrame.Holder(environment.Clock));
        return new Recovery(environment.State, [], environment.Observer, environment.Clock).Drop(held);
    }
}
