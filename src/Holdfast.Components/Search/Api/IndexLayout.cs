using System.Text.Json.Nodes;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Which indices there are, by what the engine calls each, and which aliases lead to them: what must be the same before and after a snapshot, for
/// it has the indices of one instant, and the aliases are read at another.
/// </summary>
internal static class IndexLayout
{
    /// <summary>Asks for it; one that vanishes meanwhile is left out.</summary>
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
