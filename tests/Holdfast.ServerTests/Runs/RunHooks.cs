using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;

namespace Holdfast.ServerTests.Runs;

/// <summary>What a test does in the middle of a run. A hook that throws fails the step that it stands in.</summary>
internal sealed record RunHooks
{
    /// <summary>When the plan is made, before the component's first step.</summary>
    public Func<Task>? First { get; init; }

    /// <summary>In a backup, when all is done that comes before the window.</summary>
    public Func<Task>? Between { get; init; }

    /// <summary>In a cold backup, in the place of systemd that stops what holds the data.</summary>
    public Func<Task>? StopStores { get; init; }

    /// <summary>When an undo is in the journal, and what it would undo is not done yet.</summary>
    public Func<Undo, Task>? Owed { get; init; }

    /// <summary>When a step of the component has acted, and the run does not know of it yet.</summary>
    public Func<Step, Task>? Acted { get; init; }

    /// <summary>Changes what the point says of itself before a restore is planned by it.</summary>
    public Action<Manifest>? Amend { get; init; }

    /// <summary>Nothing is undone when the run fails, as after kill -9: what it owes stays in its journal.</summary>
    public bool Dies { get; init; }
}
