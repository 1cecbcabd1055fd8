using System.Text.Json.Nodes;

namespace Holdfast.Components.Search;

/// <summary>What a manifest keeps of a cluster, and a restore reads.</summary>
internal sealed record SearchRecord(string Repository, string Snapshot, bool IsCopied, ServerDialect Source, IReadOnlyDictionary<string, long> Documents, IReadOnlyList<string> Indices)
{
    /// <summary>The details of a component record.</summary>
    public static JsonObject Of(SearchSettings settings, ServerDialect dialect, SnapshotInfo taken, IEnumerable<KeyValuePair<string, long>> counts) => new()
    {
        ["repository"] = settings.Repository, ["snapshot"] = taken.Name, ["copied"] = settings.Copies,
        ["version"] = dialect.Number, ["distribution"] = dialect.IsOpenSearch ? "opensearch" : "elasticsearch",
        ["indices"] = new JsonArray([.. taken.Indices.Select(index => (JsonNode)index)]), ["documents"] = new JsonObject([.. counts.Select(count => KeyValuePair.Create(count.Key, (JsonNode?)count.Value))]),
    };

    /// <summary>Reads them.</summary>
    public static SearchRecord Read(JsonNode? details)
    {
        var record = details as JsonObject ?? [];
        return new SearchRecord(
            (string)record["repository"]!, (string)record["snapshot"]!, (bool)record["copied"]!,
            ServerDialect.Of((string)record["version"]!, (string?)record["distribution"] == "opensearch"),
            ((JsonObject)record["documents"]!).ToDictionary(count => count.Key, count => (long)count.Value!, StringComparer.Ordinal),
            [.. ((JsonArray)record["indices"]!).Select(index => (string)index!)]);
    }
}
