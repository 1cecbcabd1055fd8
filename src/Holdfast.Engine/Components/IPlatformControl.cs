using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Components;

/// <summary>Quiesces the platform, and starts it again.</summary>
public interface IPlatformControl
{
    /// <summary>Tries what a window would need without changing anything. An empty list means success.</summary>
    Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation);

    /// <summary>The steps of a window. Planning finds out what is running, and changes nothing.</summary>
    /// <param name="withStores">Stops the data stores too, at the end.</param>
    /// <param name="cancellation">Cancels the planning.</param>
    Task<WindowPlan> PlanWindowAsync(bool withStores, CancellationToken cancellation);

    /// <summary>The handlers of the undos that its steps may register.</summary>
    IReadOnlyList<IUndoHandler> UndoHandlers { get; }
}

/// <summary>
/// How a window opens and closes. Before anything is stopped, a step of <see cref="Prepare"/> or <see cref="Stop"/>
/// registers the undo that starts what was running; the last step of <see cref="Watch"/> completes it, or the last one
/// of <see cref="Start"/> where nothing is watched.
/// </summary>
public sealed record WindowPlan
{
    /// <summary>What can be done before the window opens: users are still served.</summary>
    public IReadOnlyList<Step> Prepare { get; init; } = [];

    /// <summary>Stops what creates work: entry points for users, schedulers, timers.</summary>
    public required IReadOnlyList<Step> Stop { get; init; }

    /// <summary>Stops the workers, once they are idle.</summary>
    public required IReadOnlyList<Step> StopWorkers { get; init; }

    /// <summary>Stops the data stores, when that was requested.</summary>
    public IReadOnlyList<Step> StopStores { get; init; } = [];

    /// <summary>
    /// Starts all that was stopped. It must do so even when only some of the steps before it have run.
    /// </summary>
    public required IReadOnlyList<Step> Start { get; init; }

    /// <summary>Verifies that what was started stays up. The window is closed by then: users are served.</summary>
    public IReadOnlyList<Step> Watch { get; init; } = [];

    /// <summary>Whether nothing ran that a step of <see cref="Stop"/> could stop; known once <see cref="Prepare"/> is done.</summary>
    public Func<bool> WasStopped { get; init; } = () => false;

    /// <summary>How long the platform may take to become quiesced. 5 minutes by default.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What happens when the platform is not quiesced by then: true continues in online mode, with a warning; false,
    /// the default, fails the backup.
    /// </summary>
    public bool OnlineWhenLate { get; init; }
}
