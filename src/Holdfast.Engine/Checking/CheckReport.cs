using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Checking;

/// <summary>All results, in the order of the sources.</summary>
public sealed record CheckReport(IReadOnlyList<CheckLine> Lines)
{
    public int Count(CheckState state) => Lines.Count(line => line.State == state);

    /// <summary>
    /// True when nothing that was checked prevents a backup; <paramref name="strict"/> treats warnings as failures.
    /// </summary>
    public bool IsReady(bool strict) => Count(CheckState.Fail) + Count(CheckState.Unknown) + (strict ? Count(CheckState.Warn) : 0) == 0;

    public ExitCode Exit(bool strict) => IsReady(strict) ? ExitCode.Success : ExitCode.NotReady;
}
