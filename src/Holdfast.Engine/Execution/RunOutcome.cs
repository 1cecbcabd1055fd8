using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>How a run ended: its problem when it failed, the warnings on the way, and what of its undos failed.</summary>
public sealed record RunOutcome(string RunId, Problem? Problem, IReadOnlyList<Problem> Warnings, IReadOnlyList<Problem> UndoFailures, TimeSpan Duration)
{
    public bool Succeeded => Problem is null;

    /// <summary>The earlier runs of which an undo could not be done, as "backup ID".</summary>
    public IReadOnlyList<string> Unrecovered { get; init; } = [];

    /// <summary>True when a warning says that this run left something out.</summary>
    public bool LeftOut => Warnings.Any(warning => warning.Exit == ExitCode.Incomplete && warning.Code != Catalogue.UndoLost.Code);

    /// <summary>The problem's; without one, Incomplete when a warning says that something was left out, or that an earlier run still owes an undo: a unit may be down.</summary>
    public ExitCode Exit => Problem?.Exit ?? (Warnings.Any(IsLack) ? ExitCode.Incomplete : ExitCode.Success);

    private static bool IsLack(Problem warning) => warning.Exit == ExitCode.Incomplete || warning.Code == Catalogue.UndoFailed.Code;
}
