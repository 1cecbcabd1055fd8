using System.Text.Json.Nodes;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// The indices with their UUIDs, and the aliases that point to them. Both must be the same before and after a snapshot:
/// the snapshot has the indices of one instant, and the aliases are read at another.
/// </summary>
internal static class IndexLayout
{
    /// <summary>Reads the layout; an index that is deleted meanwhile is left out.</summary>
    public static async Task<JsonObject> ReadAsync(SearchServer server, IReadOnlyList<string> indices, CancellationToken cancellation)
    {
        const string those = "ignore_unavailable=true&expand_wildcards=all";
        var layout = new JsonObject();
        foreach (var names in SearchServer.Parts(indices))
        {
            // Not _cat/indices: when a name is missing, that waits for half a minute.
            foreach (var (index, about) in await server.FindAsync($"/{names}/_settings/index.uuid?flat_settings=true&{those}", cancellation) as JsonObject ?? [])
                layout[index] = new JsonObject { ["uuid"] = (string?)about?["settings"]?["index.uuid"] };
            foreach (var (index, about) in await server.FindAsync($"/{names}/_alias?{those}", cancellation) as JsonObject ?? [])
                if (layout[index] is JsonObject known) known["aliases"] = about?["aliases"]?.DeepClone();
        }
        return layout;
    }
}
