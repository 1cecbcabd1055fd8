using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Execution;

/// <summary>Does what the dead runs of a platform owe because a person asks for it; every other run does it before it begins.</summary>
/// <param name="environment">What it meets outside.</param>
/// <param name="platform">The platform whose runs are recovered.</param>
/// <param name="repository">Null when it can not be reached now: then its locks stay owed, and everything else is done all the same.</param>
/// <param name="handlers">The undos that the dead runs may owe, besides those of the repository.</param>
public sealed class RecoverRun(RunEnvironment environment, string platform, RepositorySettings? repository, IReadOnlyList<IUndoHandler> handlers)
{
    /// <summary>What another run is told first that finds the lock taken by a recovery; it waits then.</summary>
    internal const string Holder = "recover, ";

    /// <exception cref="ProblemException">A run is in progress, or a journal can not be written.</exception>
    public async Task<IReadOnlyList<RecoveredRun>> RunAsync()
    {
        await using var hold = repository is null ? null : new RepositoryHold(repository);
        IReadOnlyList<IUndoHandler> all = hold is null ? handlers : [hold, .. handlers];
        using var held = RunLock.Take(environment.State, platform, Holder + RunFrame.Holder(environment.Clock));
        return await new Recovery(environment.State, all, environment.Observer, environment.Clock).RecoverAsync(held);
    }

    /// <summary>Drops what the dead runs of the platform still owe.</summary>
    /// <returns>How many undos were dropped.</returns>
    /// <exception cref="ProblemException">A run is in progress, or a journal cannot be written.</exception>
    public int Forget()
    {
        using var held = RunLock.Take(environment.State, platform, Holder + RunFrame.Holder(environment.Clock));
        return new Recovery(environment.State, [], environment.Observer, environment.Clock).Drop(held);
    }
}
