using System.Globalization;
using System.IO.Enumeration;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Settings of an index that restrict the nodes of its shards, or their number. In another cluster no node may match
/// them, and the index would stay red: settings that no node matches are left out of a restore. Source: the engines'
/// reference manuals, "Index-level shard allocation filtering", "Total shards per node".
/// </summary>
internal sealed class AllocationFilters
{
    private const string Prefix = "index.routing.allocation.", PerNode = Prefix + "total_shards_per_node", Require = "require", Include = "include", Exclude = "exclude";

    private readonly IReadOnlyList<JsonObject> _nodes;

    /// <param name="nodes">The nodes that keep data: "name", "ip", "host", "roles", "attributes", and "id".</param>
    public AllocationFilters(IEnumerable<JsonObject> nodes) => _nodes = [.. nodes.Where(KeepsData)];

    /// <summary>Reads the nodes; null when the user lacks the privilege, so that nothing is known.</summary>
    /// <exception cref="ProblemException">The engine cannot be queried.</exception>
    public static async Task<AllocationFilters?> AskAsync(SearchServer server, CancellationToken cancellation)
    {
        try
        {
            var answer = await server.GetAsync("/_nodes?filter_path=nodes.*.name,nodes.*.ip,nodes.*.host,nodes.*.roles,nodes.*.attributes", cancellation);
            var nodes = new List<JsonObject>();
            foreach (var (id, about) in answer["nodes"] as JsonObject ?? [])
            {
                var node = about!.DeepClone().AsObject();
                node["id"] = id;
                nodes.Add(node);
            }
            return new AllocationFilters(nodes);
        }
        catch (ProblemException forbidden) when (forbidden.Problem.Code == Catalogue.WebAuthentication.Code)
        {
            return null;
        }
    }

    /// <summary>How many nodes keep data.</summary>
    public int DataNodes => _nodes.Count;

    /// <summary>The settings of an index that no node meets, together with those that go with them; none when some node does.</summary>
    /// <param name="settings">Flat settings of the index.</param>
    public IReadOnlyList<string> Unmet(JsonObject settings)
    {
        var filters = settings.Where(setting => Kind(setting.Key) is not null && setting.Value is not null).ToList();
        var fitting = _nodes.Count(node => Admits(node, filters));
        if (filters.Count > 0 && fitting == 0) return [.. filters.Select(filter => filter.Key), .. TooFew(settings, _nodes.Count)];
        return TooFew(settings, fitting);
    }

    private static IReadOnlyList<string> TooFew(JsonObject settings, int nodes) =>
        long.TryParse(settings[PerNode]?.ToString(), CultureInfo.InvariantCulture, out var most) && most >= 0
        && long.TryParse(settings["index.number_of_shards"]?.ToString(), CultureInfo.InvariantCulture, out var shards) && shards > most * nodes ? [PerNode] : [];

    /// <summary>"require", "include", "exclude"; null for another setting. Tiers that are only preferred are taken as they come.</summary>
    private static string? Kind(string setting) =>
        setting.StartsWith(Prefix, StringComparison.Ordinal) && !setting.EndsWith("._tier_preference", StringComparison.Ordinal) && setting[Prefix.Length..].Split('.')[0] is Require or Include or Exclude
            ? setting[Prefix.Length..].Split('.')[0] : null;

    private static bool Admits(JsonObject node, List<KeyValuePair<string, JsonNode?>> filters)
    {
        var included = filters.Where(filter => Kind(filter.Key) == Include).ToList();
        return filters.Where(filter => Kind(filter.Key) == Require).All(filter => Values(filter).All(value => Has(node, filter.Key, value)))
            && (included.Count == 0 || included.Any(filter => Values(filter).Any(value => Has(node, filter.Key, value))))
            && !filters.Where(filter => Kind(filter.Key) == Exclude).Any(filter => Values(filter).Any(value => Has(node, filter.Key, value)));
    }

    private static IEnumerable<string> Values(KeyValuePair<string, JsonNode?> filter) =>
        (filter.Value is JsonArray list ? list.Select(value => value?.ToString() ?? "") : [filter.Value!.ToString()]).SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private static bool Has(JsonObject node, string setting, string value)
    {
        var attribute = string.Join('.', setting[Prefix.Length..].Split('.').Skip(1));
        return attribute switch
        {
            "_name" => Fits(node["name"]),
            "_id" => Fits(node["id"]),
            "_ip" or "_publish_ip" or "_host_ip" => Fits(node["ip"]),
            "_host" => Fits(node["host"]) || Fits(node["ip"]),
            "_tier" => (node["roles"] as JsonArray ?? []).Any(role => (string?)role == "data" || Fits(role)),
            _ => Fits((node["attributes"] as JsonObject)?[attribute]),
        };

        bool Fits(JsonNode? own) => own is not null && FileSystemName.MatchesSimpleExpression(value, own.ToString(), ignoreCase: false);
    }

    private static bool KeepsData(JsonObject node) => node["roles"] is not JsonArray roles || roles.Any(role => ((string?)role)?.StartsWith("data", StringComparison.Ordinal) == true);
}
