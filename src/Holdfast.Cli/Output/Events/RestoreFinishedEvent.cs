using Holdfast.Cli.Text;
using Holdfast.Engine.Restore;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// A restore has ended well. <paramref name="Target"/> is null when everything went back to its own place; <paramref name="Refused"/> is what servers refused of
/// databases that were kept all the same.
/// </summary>
internal sealed record RestoreFinishedEvent(
    string Point, string Platform, string? Target, bool Complete, long Failed, long Bytes, int Steps, int Warnings, double Seconds, IReadOnlyList<string> Refused) : OutputEvent
{
    public static RestoreFinishedEvent Of(RestoreSummary summary, string? target, long bytes, int steps) => new(
        summary.Point.Id.ToString(), summary.Manifest.Platform, target, summary.IsComplete, summary.Failed, bytes, steps, summary.Outcome.Warnings.Count, summary.Outcome.Duration.TotalSeconds, summary.Lacking)
    {
        Unchanged = summary.IsUnchanged,
        Unrecovered = summary.Outcome.Unrecovered,
    };

    /// <summary>Nothing was put back: that had been done before, or the profile does not name it.</summary>
    public bool Unchanged { get; init; }

    /// <summary>Earlier runs with a pending undo.</summary>
    public IReadOnlyList<string> Unrecovered { get; init; } = [];

    public override IEnumerable<string> Lines(Style style)
    {
        var place = Target is null ? "to where it came from" : $"below {Printable.Name(Target)}";
        yield return "";
        var point = $"{style.Bold(Point[..Math.Min(8, Point.Length)])} of platform {Printable.Name(Platform)}";
        yield return Unchanged
            ? $"{style.Yellow("Nothing")} of recovery point {point} was put back: see the warnings above."
            : $"Recovery point {point} is {(Complete ? style.Green("restored") : style.Yellow("restored"))} {place}{Lack}.";
        var size = Bytes > 0 ? $"{Amounts.Bytes(Bytes)} in place, " : ""; // databases and messages may be restored without a size
        yield return $"  {size}{Amounts.Count(Steps, "step")}, {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
        foreach (var run in Unrecovered) yield return $"  An undo of the earlier run '{Printable.Text(run)}' could not be done: put right what its warning names, then run 'holdfast recover'.";
        if (Refused.Count > 0) yield return style.Yellow("Refused, and not restored:");
        foreach (var sentence in Refused) yield return $"  {Printable.Text(sentence)}";
    }

    private string Lack => Failed > 0 ? $", but for {Amounts.Count(Failed, "path")}" : Complete ? "" : ", but something is missing";
}
