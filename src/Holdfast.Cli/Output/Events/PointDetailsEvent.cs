using System.Text.Json.Nodes;
using Holdfast.Cli.Text;
using Holdfast.Engine.Points;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Output.Events;

/// <summary>Everything that a recovery point says of itself: its manifest as it is stored.</summary>
internal sealed record PointDetailsEvent(string Id, JsonNode? Manifest) : OutputEvent
{
    private IReadOnlyList<Func<Style, IEnumerable<string>>> _parts = [];

    public static PointDetailsEvent Of(Snapshot point, Manifest manifest) => new(point.Id.ToString(), JsonNode.Parse(ManifestCodec.Write(manifest)))
    {
        _parts = [style => LinesOf(point, manifest, style), style => manifest.Components.SelectMany(component => LinesOf(component, style)),
            style => manifest.Warnings.SelectMany(warning => ProblemEvent.Warning(warning).Lines(style))],
    };

    public override IEnumerable<string> Lines(Style style) => _parts.SelectMany(part => part(style));

    private static IEnumerable<string> LinesOf(Snapshot point, Manifest manifest, Style style)
    {
        yield return style.Bold($"Recovery point {point.Id}");
        yield return $"  platform  {Printable.Name(manifest.Platform)} on {Printable.Text(manifest.Host)}";
        yield return $"  begun     {Amounts.Time(manifest.Started)}, ended {Amounts.Time(manifest.Ended)}";
        if (manifest.Mark is { } mark) yield return $"  mark      {Amounts.Time(mark)}";
        if (manifest.Window is { } window) yield return $"  window    the platform was stopped for {window.Seconds:0.0} s";
        yield return $"  made by   Holdfast {Printable.Text(manifest.HoldfastVersion)}, mode {manifest.Mode.Name()}, run {Printable.Text(manifest.RunId)}";
    }

    private static IEnumerable<string> LinesOf(ComponentRecord component, Style style)
    {
        var state = component.Complete ? style.Green("complete") : style.Yellow("incomplete");
        yield return $"{style.Bold(Printable.Name(component.Name))} in {Printable.Name(component.Path)}, {state}";
        if (component.Skew is { } skew) yield return $"  skew: {skew:0.0} s from the mark";
        foreach (var (name, version) in component.Versions) yield return $"  {Printable.Text(name)} {Printable.Text(version)}";
        foreach (var (name, count) in component.Counts) yield return $"  {Printable.Text(name)}: {Figure(name, count)}";
        foreach (var omission in component.Omissions ?? []) yield return $"  {style.Yellow("not in the point")}: {Printable.Text(omission.What)} ({Printable.Text(omission.Why)})";
    }

    private static string Figure(string name, long count) => name.Contains("bytes", StringComparison.OrdinalIgnoreCase) ? Amounts.Bytes(count) : $"{count:N0}";
}
