using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Running;

/// <summary>How a run ended: its problem when it failed, the warnings on the way, and what of its undos failed.</summary>
public sealed record RunOutcome(string RunId, Problem? Problem, IReadOnlyList<Problem> Warnings, IReadOnlyList<Problem> UndoFailures, TimeSpan Duration)
{
    public bool Succeeded => Problem is null;

    /// <summary>The problem's; without one, Incomplete when a warning says that something was left out.</summary>
    public ExitCode Exit => Problem?.Exit ?? (Warnings.Any(warning => warning.Exit == ExitCode.Incomplete) ? ExitCode.Incomplete : ExitCode.Success);
}
