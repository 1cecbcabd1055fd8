using System.Text.Json.Nodes;
using Holdfast.Cli.Text;
using Holdfast.Engine.Points;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Output.Events;

/// <summary>Everything that a recovery point says of itself.</summary>
/// <param name="Id">The id of the point.</param>
/// <param name="Manifest">Its manifest as it is stored.</param>
/// <param name="Parts">By component the databases, indices or queues that <c>--only</c> takes, sorted; without components that have none.</param>
internal sealed record PointDetailsEvent(string Id, JsonNode? Manifest, IReadOnlyDictionary<string, IReadOnlyList<string>> Parts) : OutputEvent
{
    private IReadOnlyList<Func<Style, IEnumerable<string>>> _lines = [];

    public static PointDetailsEvent Of(Snapshot point, Manifest manifest, IReadOnlyDictionary<string, IReadOnlyList<string>> parts) =>
        new(point.Id.ToString(), JsonNode.Parse(ManifestCodec.Write(manifest)), parts)
        {
            _lines = [style => LinesOf(point, manifest, style),
                style => manifest.Components.SelectMany(component => LinesOf(component, parts.GetValueOrDefault(component.Name, []), style)),
                style => manifest.Warnings.SelectMany(warning => ProblemEvent.Warning(warning).Lines(style))],
        };

    public override IEnumerable<string> Lines(Style style) => _lines.SelectMany(part => part(style));

    private static IEnumerable<string> LinesOf(Snapshot point, Manifest manifest, Style style)
    {
        yield return style.Bold($"Recovery point {point.Id}");
        yield return $"  platform  {Printable.Name(manifest.Platform)} on {Printable.Text(manifest.Host)}";
        yield return $"  begun     {Amounts.Time(manifest.Started)}, ended {Amounts.Time(manifest.Ended)}";
        if (manifest.Mark is { } mark) yield return $"  mark      {Amounts.Time(mark)}";
        if (manifest.Window is { } window) yield return $"  window    the platform was stopped for {window.Seconds:0.0} s";
        yield return $"  made by   Holdfast {Printable.Text(manifest.HoldfastVersion)}, mode {manifest.Mode.Name()}, run {Printable.Text(manifest.RunId)}";
    }

    private static IEnumerable<string> LinesOf(ComponentRecord component, IReadOnlyList<string> parts, Style style)
    {
        var state = component.Complete ? style.Green("complete") : style.Yellow("incomplete");
        yield return $"{style.Bold(Printable.Name(component.Name))} in {Printable.Name(component.Path)}, {state}";
        if (component.Skew is { } skew) yield return $"  skew: {skew:0.0} s from the mark";
        foreach (var (name, version) in component.Versions) yield return $"  {Printable.Text(name)} {Printable.Text(version)}";
        foreach (var (name, count) in component.Counts) yield return $"  {Printable.Text(name)}: {Figure(name, count)}";
        if (parts.Count > 0) yield return $"  single parts (--only {Printable.Name(component.Name)}:NAME): {string.Join(", ", parts.Select(Printable.Name))}";
        foreach (var omission in component.Omissions ?? []) yield return $"  {style.Yellow("not in the point")}: {Printable.Text(omission.What)} ({Printable.Text(omission.Why)})";
    }

    private static string Figure(string name, long count) => name.Contains("bytes", StringComparison.OrdinalIgnoreCase) ? Amounts.Bytes(count) : $"{count:N0}";
}
