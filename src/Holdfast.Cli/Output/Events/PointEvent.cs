using System.Text.Json.Serialization;
using Holdfast.Cli.Text;
using Holdfast.Engine.Points;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Output.Events;

/// <summary>How much of the profile a recovery point contains.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PointState>))]
internal enum PointState
{
    [JsonStringEnumMemberName("complete")]
    Complete,
    [JsonStringEnumMemberName("incomplete")]
    Incomplete,

    /// <summary>The point was made with --only.</summary>
    [JsonStringEnumMemberName("partial")]
    Partial,

    /// <summary>A snapshot of another program.</summary>
    [JsonStringEnumMemberName("foreign")]
    Foreign,
}

/// <summary>One recovery point of a list. The list is shown as a table, so it has no lines of its own.</summary>
internal sealed record PointEvent(
    string Id, DateTimeOffset Taken, string Host, string? Platform, PointState State, IReadOnlyList<string> Tags, IReadOnlyList<string> Paths) : OutputEvent
{
    public static PointEvent Of(Snapshot snapshot) => new(
        snapshot.Id.ToString(), snapshot.Time.ToDateTimeOffset(), snapshot.Hostname, PointTags.PlatformOf(snapshot), StateOf(snapshot), snapshot.Tags, snapshot.Paths);

    public static Table Table(IEnumerable<PointEvent> points)
    {
        var table = new Table("ID", "TAKEN", "PLATFORM", "HOST", "STATE");
        foreach (var point in points) table.Add(point.Id[..8], Amounts.Time(point.Taken), point.Platform ?? "-", point.Host, point.State.ToString().ToLowerInvariant());
        return table;
    }

    public static PointState StateOf(Snapshot snapshot) => !PointTags.IsPoint(snapshot) ? PointState.Foreign
        : PointTags.IsIncomplete(snapshot) ? PointState.Incomplete
        : PointTags.IsPartial(snapshot) ? PointState.Partial
        : PointState.Complete;
}
