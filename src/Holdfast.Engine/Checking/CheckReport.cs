using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Checking;

/// <summary>All that was found, in the order of the sources.</summary>
public sealed record CheckReport(IReadOnlyList<CheckLine> Lines)
{
    public int Count(CheckState state) => Lines.Count(line => line.State == state);

    /// <summary>True when a backup has nothing in its way, as far as it was asked for; <paramref name="strict"/> takes warnings for failures.</summary>
    public bool IsReady(bool strict) => Count(CheckState.Fail) + Count(CheckState.Unknown) + (strict ? Count(CheckState.Warn) : 0) == 0;

    public ExitCode Exit(bool strict) => IsReady(strict) ? ExitCode.Success : ExitCode.NotReady;
}
