using System.Text.Json.Serialization;

namespace Holdfast.Cli.Output.Events;

/// <summary>A path that differs between two points. Sizes are in bytes, 0 where there is none.</summary>
internal sealed record DifferenceEvent(string Path, Change Change, long SizeBefore, long SizeAfter) : OutputEvent
{
    public string? PathBase64 { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var sign = Change switch { Change.Added => style.Green("+"), Change.Removed => style.Red("-"), Change.Content => style.Yellow("M"), _ => style.Dim("m") };
        var size = Change == Change.Content ? style.Dim($" ({Amounts.Bytes(SizeBefore)} -> {Amounts.Bytes(SizeAfter)})") : "";
        yield return $"{sign} {Printable.Name(Path)}{size}";
    }
}

/// <summary>How a path differs between two points: only in one of them, in content, or in metadata alone.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Change>))]
internal enum Change
{
    [JsonStringEnumMemberName("added")]
    Added,
    [JsonStringEnumMemberName("removed")]
    Removed,
    [JsonStringEnumMemberName("content")]
    Content,
    [JsonStringEnumMemberName("metadata")]
    Metadata,
}
