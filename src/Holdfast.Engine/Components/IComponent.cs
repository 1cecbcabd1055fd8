using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Components;

/// <summary>A part of the platform that is captured into recovery points and restored from them.</summary>
public interface IComponent
{
    /// <summary>Unique in the profile, stable from point to point: "files", "postgres/main". <c>--only</c> takes it, or its kind.</summary>
    string Name { get; }

    /// <summary>"files", "postgres".</summary>
    string Kind { get; }

    /// <summary>
    /// Tries what a backup would need (connections, paths, programs) without changing anything. An empty list means
    /// success.
    /// </summary>
    Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation);

    /// <summary>The steps that put this component into a recovery point. Planning asks servers, but changes nothing.</summary>
    Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation);

    /// <summary>
    /// The names of the parts that can be restored by themselves (<c>--only postgres:shop</c>): databases, indices,
    /// queues. Null where only the whole component can be restored.
    /// </summary>
    /// <param name="record">What a recovery point holds of the component.</param>
    IReadOnlyList<string>? PartsOf(ComponentRecord record) => null;

    /// <summary>True when planning a restore needs the recovery point and this machine's files only: nothing is run, no secret is read, no server is asked.</summary>
    bool PlansRestoreAlone => false;

    /// <summary>The steps that restore the component. Planning changes nothing.</summary>
    Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation);

    /// <summary>The handlers of the undos that its steps may register.</summary>
    IReadOnlyList<IUndoHandler> UndoHandlers { get; }
}
