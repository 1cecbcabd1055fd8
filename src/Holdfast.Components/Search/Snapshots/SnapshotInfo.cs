using System.Text.Json.Nodes;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>A snapshot as the engine lists it. Source: the answer of GET _snapshot/REPOSITORY/SNAPSHOT.</summary>
internal sealed record SnapshotInfo(string Name, string State, string Version, IReadOnlyList<string> Indices, IReadOnlyList<string> Failures, DateTimeOffset Started, SnapshotOwner? Owner)
{
    /// <summary>The data streams that it has.</summary>
    public IReadOnlyList<string> Streams { get; private init; } = [];

    public bool IsRunning => State == "IN_PROGRESS";

    public bool IsWhole => State == "SUCCESS";

    public static SnapshotInfo Of(JsonNode snapshot) => new(
        (string)snapshot["snapshot"]!, (string?)snapshot["state"] ?? "", (string?)snapshot["version"] ?? "",
        [.. Items(snapshot["indices"]).Select(index => (string)index!)],
        [.. Items(snapshot["failures"]).Select(failure => $"{(string?)failure?["index"]}[{(int?)failure?["shard_id"]}]: {(string?)failure?["reason"]}")],
        DateTimeOffset.FromUnixTimeMilliseconds((long?)snapshot["start_time_in_millis"] ?? 0), SnapshotOwner.Of(snapshot["metadata"]))
    {
        Streams = [.. Items(snapshot["data_streams"]).Select(stream => (string)stream!)],
    };

    private static IEnumerable<JsonNode?> Items(JsonNode? list) => list as JsonArray ?? [];
}

/// <summary>
/// The maker of a snapshot, as recorded in the snapshot's metadata. Several platforms may use one repository.
/// </summary>
/// <param name="Run">The run of Holdfast.</param>
/// <param name="Platform">The platform of the profile.</param>
/// <param name="Cluster">The cluster's name in the profile.</param>
/// <param name="Identity">The engine's own name of the cluster (cluster_uuid); empty in snapshots of older
/// versions.</param>
/// <param name="IsPassing">No recovery point refers to the snapshot once its run has ended: points have a copy, or it
/// was a warming snapshot.</param>
internal sealed record SnapshotOwner(string Run, string Platform, string Cluster, string Identity, bool IsPassing)
{
    private const string RunKey = "holdfast-run", PlatformKey = "holdfast-platform", ClusterKey = "holdfast-cluster", IdentityKey = "holdfast-cluster-uuid", PassingKey = "holdfast-passing";

    /// <summary>Reads the maker; null when another program took the snapshot.</summary>
    public static SnapshotOwner? Of(JsonNode? metadata) => metadata is JsonObject about && (string?)about[RunKey] is { } run
        ? new SnapshotOwner(run, (string?)about[PlatformKey] ?? "", (string?)about[ClusterKey] ?? "", (string?)about[IdentityKey] ?? "", (bool?)about[PassingKey] ?? false)
        : null;

    /// <summary>Whether a profile means it by these names; two clusters may have them in common.</summary>
    public bool IsOf(string platform, string cluster) => Platform == platform && Cluster == cluster;

    public JsonObject ToJson() => new()
    {
        [RunKey] = Run, [PlatformKey] = Platform, [ClusterKey] = Cluster, [IdentityKey] = Identity, [PassingKey] = IsPassing,
    };
}
