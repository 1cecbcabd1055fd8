using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// Indices whose blocks prevent them from being listed or read (index.blocks.metadata, index.blocks.read): an engine
/// refuses every request that includes one of them. Source: the engines' reference manuals, "Index blocks", and the
/// answer of GET _cluster/state/blocks.
/// </summary>
internal static class UnreadableIndices
{
    /// <summary>The ID of the block of a closed index, which no administrator has set as a block.</summary>
    private const string IsClosed = "4";

    private static readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal)
    {
        ["7"] = "index.blocks.read", ["9"] = "index.blocks.metadata",
    };

    /// <summary>
    /// The blocks that prevent indices from being read, by index name; empty where the user lacks the cluster privilege
    /// 'monitor'.
    /// </summary>
    /// <param name="server">The cluster.</param>
    /// <param name="patterns">The patterns of the profile: other indices are ignored.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">The engine cannot be queried.</exception>
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
