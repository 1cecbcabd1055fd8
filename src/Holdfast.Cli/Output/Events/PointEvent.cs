using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Holdfast.Cli.Output.Events;

/// <summary>One recovery point of a list. The list is shown as a table, so it has no lines of its own.</summary>
internal sealed record PointEvent(string Id, DateTimeOffset Taken, string Host, string? Platform, IReadOnlyList<string> Tags, IReadOnlyList<string> Paths) : OutputEvent
{
    /// <summary>Null when the snapshot was made by another program and has no manifest.</summary>
    public bool? Complete { get; init; }
    public IReadOnlyList<string> Components { get; init; } = [];
}

/// <summary>Everything a recovery point says of itself: its manifest as it is stored, and the lines that a person reads.</summary>
internal sealed record PointDetailsEvent(string Id, JsonNode? Manifest) : OutputEvent
{
    [JsonIgnore]
    public IReadOnlyList<string> Text { get; init; } = [];

    public override IEnumerable<string> Lines(Style style) => Text;
}
