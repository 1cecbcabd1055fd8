using System.Text.Json.Serialization;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>A path that differs between two points. Sizes are in bytes, 0 where there is none.</summary>
internal sealed record DifferenceEvent(string Path, Change Change, long SizeBefore, long SizeAfter) : OutputEvent
{
    public string? PathBase64 { get; init; }

    /// <summary>The targets of a symlink in the first and the second point; null where the path is not one.</summary>
    public string? LinkBefore { get; init; }
    public string? LinkAfter { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var sign = Change switch { Change.Added => style.Green("+"), Change.Removed => style.Red("-"), Change.Content => style.Yellow("M"), _ => style.Dim("m") };
        var what = Change == Change.Content ? style.Dim($" ({Text(LinkBefore, SizeBefore)} -> {Text(LinkAfter, SizeAfter)})") : "";
        yield return $"{sign} {Printable.Name(Path)}{what}";
    }

    private static string Text(string? link, long size) => link is null ? Amounts.Bytes(size) : Printable.Name(link);
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
