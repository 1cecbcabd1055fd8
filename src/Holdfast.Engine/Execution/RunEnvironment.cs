using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Execution;

/// <summary>The environment of a run: clock, names and places, which tests can replace.</summary>
public sealed record RunEnvironment
{
    /// <summary>Where journals and locks are kept.</summary>
    public required StateDirectory State { get; init; }

    /// <summary>The name of this machine; it is recorded in manifests and snapshots.</summary>
    public required string Host { get; init; }

    /// <summary>The user that the run belongs to; it is recorded in snapshots.</summary>
    public required string User { get; init; }

    /// <summary>The version of this program.</summary>
    public required string Version { get; init; }

    /// <summary>Receives all events of the run.</summary>
    public required IRunObserver Observer { get; init; }

    /// <summary>
    /// Handlers of undos of dead runs that belong to no component: a platform that a backup stopped is started by the
    /// next run, whatever it does.
    /// </summary>
    public IReadOnlyList<IUndoHandler> UndoHandlers { get; init; } = [];

    /// <summary>The profile of the run; a copy is kept for the recovery of the run.</summary>
    public Profile? Profile { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Names the next run; the time and some randomness by default.</summary>
    public Func<TimeProvider, string> NewRunId { get; init; } = RunId.Next;
}
