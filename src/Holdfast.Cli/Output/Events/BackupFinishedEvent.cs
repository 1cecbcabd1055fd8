using Holdfast.Engine.Running;

namespace Holdfast.Cli.Output.Events;

/// <summary>A recovery point was made. Bytes: read from the platform, added (new to the repository) and stored (compressed, encrypted).</summary>
internal sealed record BackupFinishedEvent(string Point, string Platform, bool Complete, long BytesRead, long BytesAdded, long BytesStored) : OutputEvent
{
    public static BackupFinishedEvent Of(BackupSummary summary) => new(
        summary.Point!.Id.ToString(), summary.Manifest.Platform, summary.IsComplete,
        summary.Counters.BytesRead, summary.Counters.BytesAdded, summary.Counters.BytesStored)
    {
        FilesNew = summary.Counters.FilesNew,
        FilesChanged = summary.Counters.FilesChanged,
        FilesUnchanged = summary.Counters.FilesUnchanged,
        Warnings = summary.Outcome.Warnings.Count,
        Seconds = summary.Outcome.Duration.TotalSeconds,
    };

    public long FilesNew { get; init; }
    public long FilesChanged { get; init; }
    public long FilesUnchanged { get; init; }
    public int Warnings { get; init; }
    public double Seconds { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var state = Complete ? style.Green("complete") : style.Yellow("INCOMPLETE, see the warnings");
        yield return "";
        yield return $"Recovery point {style.Bold(Point[..Math.Min(8, Point.Length)])} of platform {Printable.Name(Platform)} is {state}.";
        yield return $"  read {Amounts.Bytes(BytesRead)}, added {Amounts.Bytes(BytesAdded)}, stored {Amounts.Bytes(BytesStored)} in {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}";
        yield return $"  files: {FilesNew:N0} new, {FilesChanged:N0} changed, {FilesUnchanged:N0} unchanged";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
    }
}
