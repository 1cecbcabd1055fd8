using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// Checks the limit of a cluster's shards (cluster.max_shards_per_node, 1000 by default, for each data node):
/// moved-aside indices exist beside the restored ones. Source: the engines' reference manuals, "Total shards limit",
/// "Cluster shard limit".
/// </summary>
internal static class ShardRoom
{
    private static readonly string[] _levels = ["transient", "persistent", "defaults"];

    private const long Usual = 1000;

    /// <summary>
    /// Refuses a restore that would exceed the limit of shards, by the highest number at any time. Limits that the user
    /// lacks the privilege to read are not checked.
    /// </summary>
    /// <param name="server">The cluster.</param>
    /// <param name="name">Its name in the profile.</param>
    /// <param name="dataNodes">The number of its data nodes.</param>
    /// <param name="moved">The indices that are moved aside.</param>
    /// <param name="restored">Flat settings of the restored indices.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">There would be too many shards.</exception>
    public static async Task RefuseAsync(SearchServer server, string name, int dataNodes, IReadOnlyCollection<string> moved, IEnumerable<JsonNode?> restored, CancellationToken cancellation)
    {
        if (await LimitAsync(server, cancellation) is not { } perNode) return;
        var limit = perNode * dataNodes;
        long now = 0, aside = 0, freed = 0, largest = 0;
        foreach (var line in await server.FindAsync("/_cat/indices?format=json&h=index,status,pri,rep&expand_wildcards=all", cancellation) as JsonArray ?? [])
        {
            var (primaries, copies) = (Number(line?["pri"]), Number(line?["rep"]));
            if ((string?)line?["status"] == "open") now += primaries * (1 + copies);
            if (line?["index"] is not { } index || !moved.Contains((string)index!, StringComparer.Ordinal)) continue;
            (aside, freed, largest) = (aside + primaries, freed + (primaries * (1 + copies)), Math.Max(largest, primaries));
        }
        // Each clone is created before its source is deleted.
        var most = Math.Max(now + largest, now - freed + aside + restored.Sum(settings => Number(settings?["index.number_of_shards"], 1) * (1 + Number(settings?["index.number_of_replicas"]))));
        if (most > limit)
            throw Catalogue.SearchRestore.Throwable(
                $"{name} would have {most} shards with what is moved aside, and may have {limit} (cluster.max_shards_per_node {perNode}, {dataNodes} node{(dataNodes == 1 ? "" : "s")}).",
                "Delete what earlier restores have moved aside ('holdfast search drop-old'), restore fewer indices at a time (--include), or raise cluster.max_shards_per_node meanwhile.");
    }

    private static async Task<long?> LimitAsync(SearchServer server, CancellationToken cancellation)
    {
        try
        {
            var settings = await server.GetAsync("/_cluster/settings?include_defaults=true&filter_path=*.cluster.max_shards_per_node", cancellation);
            return _levels.Select(level => settings[level]?["cluster"]?["max_shards_per_node"]).FirstOrDefault(found => found is not null) is { } limit ? Number(limit, Usual) : Usual;
        }
        catch (ProblemException forbidden) when (forbidden.Problem.Code == Catalogue.WebAuthentication.Code)
        {
            return null; // the engine says so itself, in the middle
        }
    }

    private static long Number(JsonNode? value, long otherwise = 0) => long.TryParse(value?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
