using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>How a run ended: its problem when it failed, its warnings, and the problems of undos that failed.</summary>
public sealed record RunOutcome(string RunId, Problem? Problem, IReadOnlyList<Problem> Warnings, IReadOnlyList<Problem> UndoFailures, TimeSpan Duration)
{
    public bool Succeeded => Problem is null;

    /// <summary>The earlier runs that have an undo which could not be performed, as "backup ID".</summary>
    public IReadOnlyList<string> Unrecovered { get; init; } = [];

    /// <summary>True when a warning says that this run left something out.</summary>
    public bool LeftOut => Warnings.Any(warning => warning.Exit == ExitCode.Incomplete && warning.Code != Catalogue.UndoLost.Code);

    /// <summary>
    /// The problem's exit code; without a problem, Incomplete when a warning says that something was left out or that
    /// an earlier run still has a pending undo, because a unit may then be down.
    /// </summary>
    public ExitCode Exit => Problem?.Exit ?? (Warnings.Any(IsLack) ? ExitCode.Incomplete : ExitCode.Success);

    private static bool IsLack(Problem warning) => warning.Exit == ExitCode.Incomplete || warning.Code == Catalogue.UndoFailed.Code;
}
