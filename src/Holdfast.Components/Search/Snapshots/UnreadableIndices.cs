using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// Indices whose blocks keep anybody from listing or reading them (index.blocks.metadata, index.blocks.read): an engine
/// refuses every request that means one of them besides others. Source: the engines' reference manuals, "Index blocks",
/// and the answer of GET _cluster/state/blocks.
/// </summary>
internal static class UnreadableIndices
{
    /// <summary>The block of an index that is closed, which is no wish of anybody.</summary>
    private const string IsClosed = "4";

    private static readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal)
    {
        ["7"] = "index.blocks.read", ["9"] = "index.blocks.metadata",
    };

    /// <summary>
    /// By name, the block that stands in the way; nothing where the user may not ask (cluster privilege 'monitor').
    /// </summary>
    /// <param name="server">The cluster.</param>
    /// <param name="patterns">Those of the profile: other indices are not looked at.</param>
    /// <param name="cancellation">Stops asking.</param>
    /// <exception cref="ProblemException">The engine can not be asked.</exception>
    public static async Task<IReadOnlyDictionary<string, string>> FindAsync(
        SearchServer server, IReadOnlyList<string> patterns, CancellationToken cancellation)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (index, blocks) in await AskAsync(server, cancellation))
            if (blocks is JsonObject set && BlockOf(set) is { } block && UnseenIndices.Means(patterns, index))
                found[index] = block;
        return found;
    }

    private static async Task<JsonObject> AskAsync(SearchServer server, CancellationToken cancellation)
    {
        try
        {
            var state = await server.GetAsync("/_cluster/state/blocks?filter_path=blocks.indices", cancellation);
            return state["blocks"]?["indices"] as JsonObject ?? [];
        }
        catch (ProblemException forbidden) when (forbidden.Problem.Code == Catalogue.WebAuthentication.Code)
        {
            return [];
        }
    }

    private static string? BlockOf(JsonObject blocks)
    {
        if (blocks.ContainsKey(IsClosed)) return null;
        foreach (var (number, block) in blocks)
            if ((block?["levels"] as JsonArray ?? []).Any(level => (string?)level is "read" or "metadata_read"))
                return _settings.GetValueOrDefault(number) ?? (string?)block?["description"] ?? number;
        return null;
    }
}
