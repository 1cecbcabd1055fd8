using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>The record of a cluster in a manifest, for a restore.</summary>
/// <param name="Repository">The engine's name of the snapshot repository.</param>
/// <param name="Snapshot">The name of the snapshot.</param>
/// <param name="IsCopied">The point has a copy of the repository.</param>
/// <param name="Source">The engine that took it.</param>
/// <param name="Documents">The number of documents of each index, where it is known.</param>
/// <param name="Indices">The indices.</param>
/// <param name="Streams">The data streams with their indices.</param>
/// <param name="IsChosen">The indices are those that the profile selects; older points have every index of the
/// snapshot, with system indices.</param>
internal sealed record SearchRecord(string Repository, string Snapshot, bool IsCopied, ServerDialect Source, IReadOnlyDictionary<string, long> Documents, IReadOnlyList<string> Indices, IReadOnlyDictionary<string, IReadOnlyList<string>> Streams, bool IsChosen)
{
    /// <summary>The details of a component record.</summary>
    public static JsonObject Of(SearchSettings settings, ServerDialect dialect, SnapshotInfo taken, IEnumerable<KeyValuePair<string, long>> counts, IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> streams) => new()
    {
        ["repository"] = settings.Repository, ["snapshot"] = taken.Name, ["copied"] = settings.Copies,
        ["version"] = dialect.Number, ["distribution"] = dialect.IsOpenSearch ? "opensearch" : "elasticsearch",
        ["chosen"] = true, ["indices"] = ListOf(taken.Indices), ["documents"] = new JsonObject([.. counts.Select(count => KeyValuePair.Create(count.Key, (JsonNode?)count.Value))]),
        ["streams"] = new JsonObject([.. streams.Select(stream => KeyValuePair.Create(stream.Key, (JsonNode?)ListOf(stream.Value)))]),
    };

    /// <summary>
    /// Reads the record. It is not trusted: any user with write access to the repository may have written it.
    /// </summary>
    /// <exception cref="ProblemException">It has not the form that a backup writes, or an engine would read a name as
    /// something else.</exception>
    public static SearchRecord Read(JsonNode? details)
    {
        try
        {
            return Read(details as JsonObject ?? []);
        }
        catch (Exception odd) when (odd is InvalidOperationException or NullReferenceException or InvalidCastException or FormatException
            or OverflowException or ArgumentException)
        {
            throw Catalogue.PointManifest.Throwable($"What the recovery point says of a search cluster is not what a backup writes: {odd.Message.TrimEnd('.')}.", odd);
        }
    }

    private static SearchRecord Read(JsonObject record) => new(
        PlainName.Require((string?)record["repository"], "a snapshot repository"), PlainName.Require((string?)record["snapshot"], "a snapshot"),
        (bool)record["copied"]!,
        ServerDialect.Of((string)record["version"]!, (string?)record["distribution"] == "opensearch"),
        ((JsonObject)record["documents"]!).ToDictionary(count => count.Key, count => (long)count.Value!, StringComparer.Ordinal),
        NamesOf(record["indices"]),
        (record["streams"] as JsonObject ?? []).ToDictionary(stream => PlainName.Require(stream.Key, "a data stream"), stream => NamesOf(stream.Value), StringComparer.Ordinal), // older points have none
        (bool?)record["chosen"] ?? false);

    private static JsonArray ListOf(IEnumerable<string> names) => new([.. names.Select(name => (JsonNode)name)]);

    private static IReadOnlyList<string> NamesOf(JsonNode? list) =>
        [.. ((JsonArray)list!).Select(name => PlainName.Require((string?)name, "an index")).Distinct(StringComparer.Ordinal)];
}
