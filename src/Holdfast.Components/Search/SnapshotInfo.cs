using System.Text.Json.Nodes;

namespace Holdfast.Components.Search;

/// <summary>A snapshot as the engine lists it. Source: the answer of GET _snapshot/REPOSITORY/SNAPSHOT.</summary>
internal sealed record SnapshotInfo(string Name, string State, string Version, IReadOnlyList<string> Indices, IReadOnlyList<string> Failures, DateTimeOffset Started, DateTimeOffset Ended, string? Run)
{
    /// <summary>The key of our mark in the snapshot's metadata.</summary>
    public const string RunKey = "holdfast-run";

    public bool IsRunning => State == "IN_PROGRESS";

    public bool IsWhole => State == "SUCCESS";

    public static SnapshotInfo Of(JsonNode snapshot) => new(
        (string)snapshot["snapshot"]!, (string?)snapshot["state"] ?? "", (string?)snapshot["version"] ?? "",
        [.. Items(snapshot["indices"]).Select(index => (string)index!)],
        [.. Items(snapshot["failures"]).Select(failure => $"{(string?)failure?["index"]}[{(int?)failure?["shard_id"]}]: {(string?)failure?["reason"]}")],
        Time(snapshot["start_time_in_millis"]), Time(snapshot["end_time_in_millis"]), (string?)(snapshot["metadata"] as JsonObject)?[RunKey]);

    private static IEnumerable<JsonNode?> Items(JsonNode? list) => list as JsonArray ?? [];

    private static DateTimeOffset Time(JsonNode? milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long?)milliseconds ?? 0);
}
