using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Running;

/// <summary>Does what the dead runs of a platform owe because a person asks for it; every other run does it before it begins.</summary>
public sealed class RecoverRun(RunEnvironment environment, string platform, RepositorySettings repository, IReadOnlyList<IComponent> components)
{
    /// <exception cref="ProblemException">A run is in progress, or a journal is damaged or can not be written.</exception>
    public async Task<IReadOnlyList<RecoveredRun>> RunAsync()
    {
        await using var hold = new RepositoryHold(repository);
        using var held = RunLock.Take(environment.State, platform, RunFrame.Holder(environment.Clock));
        IReadOnlyList<IUndoHandler> handlers = [hold, .. components.SelectMany(component => component.UndoHandlers)];
        return await new Recovery(environment.State, handlers, environment.Observer, environment.Clock).RecoverAsync(held);
    }
}
