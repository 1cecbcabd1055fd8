using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Components;

/// <summary>What brings the platform to stand still, and up again.</summary>
public interface IPlatformControl
{
    /// <summary>Tries what a window would need without changing anything. An empty list is good.</summary>
    Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation);

    /// <summary>The steps of a window. Planning asks for what runs, and changes nothing.</summary>
    /// <param name="withStores">What holds the data is stopped too, at the end.</param>
    /// <param name="cancellation">Stops asking.</param>
    Task<WindowPlan> PlanWindowAsync(bool withStores, CancellationToken cancellation);

    /// <summary>The undos that its steps may owe.</summary>
    IReadOnlyList<IUndoHandler> UndoHandlers { get; }
}

/// <summary>
/// How a window opens and closes. Before anything is stopped, a step of <see cref="Prepare"/> or <see cref="Stop"/> owes the undo that brings up what
/// ran; the last one of <see cref="Watch"/> settles it, or of <see cref="Start"/> where nothing is watched.
/// </summary>
public sealed record WindowPlan
{
    /// <summary>What can be done before the window opens: users are still served.</summary>
    public IReadOnlyList<Step> Prepare { get; init; } = [];

    /// <summary>Stops what makes work: users' doors, schedulers, timers.</summary>
    public required IReadOnlyList<Step> Stop { get; init; }

    /// <summary>Stops what does the work, once it is idle.</summary>
    public required IReadOnlyList<Step> StopWorkers { get; init; }

    /// <summary>Stops what holds the data, when that was asked for.</summary>
    public IReadOnlyList<Step> StopStores { get; init; } = [];

    /// <summary>Starts all that was stopped. It must do so too when only some of the steps before it have run.</summary>
    public required IReadOnlyList<Step> Start { get; init; }

    /// <summary>Looks that what was started stays up. The window is closed by then: users are served.</summary>
    public IReadOnlyList<Step> Watch { get; init; } = [];

    /// <summary>Whether nothing ran that a step of <see cref="Stop"/> could stop; known once <see cref="Prepare"/> is done.</summary>
    public Func<bool> WasStopped { get; init; } = () => false;

    /// <summary>How long the platform may take until it stands still.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>When it does not stand still by then: true goes on online, with a warning; false gives the backup up.</summary>
    public bool OnlineWhenLate { get; init; }
}
