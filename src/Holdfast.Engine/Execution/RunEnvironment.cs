using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Execution;

/// <summary>What a run meets outside itself: time, names and places, so that tests can put others there.</summary>
public sealed record RunEnvironment
{
    /// <summary>Where journals and locks are kept.</summary>
    public required StateDirectory State { get; init; }

    /// <summary>The name of this machine; it stands in manifests and snapshots.</summary>
    public required string Host { get; init; }

    /// <summary>The user that the run belongs to; it stands in snapshots.</summary>
    public required string User { get; init; }

    /// <summary>The version of this program.</summary>
    public required string Version { get; init; }

    /// <summary>Told of all that happens.</summary>
    public required IRunObserver Observer { get; init; }

    /// <summary>Undos of dead runs that belong to no component: a platform that a backup had stopped is brought up by whatever runs next.</summary>
    public IReadOnlyList<IUndoHandler> UndoHandlers { get; init; } = [];

    /// <summary>The profile that the run follows; a copy is kept, for who has to recover the run.</summary>
    public Profile? Profile { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Names the next run; the time and some randomness by default.</summary>
    public Func<TimeProvider, string> NewRunId { get; init; } = RunId.Next;
}
