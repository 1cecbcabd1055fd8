using Holdfast.Cli.Text;
using Holdfast.Engine.Backup;
using Holdfast.Engine.Points;

namespace Holdfast.Cli.Output.Events;

/// <summary>A recovery point was made. Bytes: read from the platform, added (new to the repository) and stored (compressed, encrypted).</summary>
internal sealed record BackupFinishedEvent(string Point, string Platform, bool Complete, long BytesRead, long BytesAdded, long BytesStored) : OutputEvent
{
    public static BackupFinishedEvent Of(BackupSummary summary) => new(
        summary.Point!.Id.ToString(), summary.Manifest.Platform, summary.IsComplete,
        summary.Counters.BytesRead, summary.Counters.BytesAdded, summary.Counters.BytesStored)
    {
        FilesNew = summary.FilesNew,
        FilesChanged = summary.Counters.FilesChanged,
        FilesUnchanged = summary.Counters.FilesUnchanged,
        _files = summary.Manifest.Components.Any(component => component.Kind != "files") ? "files, those of dumps and copies included" : "files",
        Warnings = summary.Outcome.Warnings.Count,
        Mode = summary.Manifest.Mode.Name(),
        WindowSeconds = summary.Manifest.Window?.Seconds,
        Skew = summary.Manifest.Components.Where(component => component.Skew is not null).ToDictionary(component => component.Name, component => component.Skew!.Value, StringComparer.Ordinal),
        Seconds = summary.Outcome.Duration.TotalSeconds,
    };

    private string _files = "files";

    public required string Mode { get; init; }

    /// <summary>How long the platform was stopped; null when it was not.</summary>
    public double? WindowSeconds { get; init; }

    /// <summary>The distance of each component from the mark, in seconds.</summary>
    public required IReadOnlyDictionary<string, double> Skew { get; init; }

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
        yield return $"  mode {Mode}{Stop}; skew of the components: {Skews}";
        yield return $"  {_files}: {FilesNew:N0} new, {FilesChanged:N0} changed, {FilesUnchanged:N0} unchanged";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
    }

    private string Stop => WindowSeconds is { } window ? $", the platform was stopped for {window:0.0} s"
        : Mode == BackupMode.Online.Name() ? "" : ", no unit of the platform ran, so none was stopped";

    private string Skews => Skew.Count == 0 || Skew.Values.Max() == 0 ? "none" : string.Join(", ", Skew.Select(item => $"{Printable.Name(item.Key)} {item.Value:0.0} s"));
}
