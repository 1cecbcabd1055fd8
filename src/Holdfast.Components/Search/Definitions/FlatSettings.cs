using System.Text.Json.Nodes;

namespace Holdfast.Components.Search.Definitions;

/// <summary>
/// Settings of an index by their full names: {"number_of_shards": 2}, {"index": {"number_of_shards": 2}} and {"index.number_of_shards": "2"}
/// are the same. Source: the engines' reference manuals, "Index modules".
/// </summary>
internal static class FlatSettings
{
    /// <summary>Settings that only a new index can have; other settings can be changed in place.</summary>
    private static readonly string[] _fixed =
    [
        "index.number_of_shards", "index.number_of_routing_shards", "index.routing_partition_size", "index.codec", "index.analysis.", "index.sort.", "index.similarity.",
        "index.soft_deletes.enabled", "index.shard.check_on_startup", "index.store.type", "index.mode", "index.knn",
    ];

    /// <summary>Settings that identify an index, and that another index must not get.</summary>
    private static readonly string[] _own =
    [
        "index.uuid", "index.creation_date", "index.provided_name", "index.version.", "index.resize.", "index.blocks.", "index.routing.allocation.initial_recovery.", "index.verified_before_close",
        "index.history.uuid", "index.replication.type",
    ];

    public static SortedDictionary<string, JsonNode?> Of(JsonObject settings)
    {
        var flat = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        Add(flat, "", settings);
        return flat;
    }

    /// <summary>The settings of an index that another one can be created with.</summary>
    public static SortedDictionary<string, JsonNode?> Portable(JsonObject settings)
    {
        var flat = Of(settings);
        foreach (var own in flat.Keys.Where(name => IsAmong(_own, name)).ToList()) flat.Remove(own);
        return flat;
    }

    /// <summary>Whether only a new index can have it.</summary>
    public static bool IsFixed(string name) => IsAmong(_fixed, name);

    /// <summary>A value as text: the engine returns numbers and booleans as text.</summary>
    public static string Text(JsonNode? value) => value switch
    {
        null => "",
        JsonArray list => $"[{string.Join(", ", list.Select(Text))}]",
        _ => value.ToString(),
    };

    private static bool IsAmong(string[] names, string name) =>
        Array.Exists(names, entry => entry.EndsWith('.') ? name.StartsWith(entry, StringComparison.Ordinal) : name == entry);

    private static void Add(SortedDictionary<string, JsonNode?> flat, string prefix, JsonObject settings)
    {
        foreach (var (key, value) in settings)
        {
            var name = prefix + key;
            if (value is JsonObject inner) Add(flat, $"{name}.", inner);
            else flat[name.StartsWith("index.", StringComparison.Ordinal) ? name : $"index.{name}"] = value?.DeepClone();
        }
    }
}
