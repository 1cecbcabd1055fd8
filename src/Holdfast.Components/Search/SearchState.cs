using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search;

/// <summary>
/// What a person, and a restore, want to know of a cluster beside its documents: settings, templates, pipelines, and each index with its
/// settings, mappings, aliases and count. It stands in the recovery point as state.json.
/// </summary>
internal static class SearchState
{
    public const string Templates = "templates", IndexTemplates = "index_templates", ComponentTemplates = "component_templates", Pipelines = "pipelines", Indices = "indices", Count = "documents";

    /// <summary>Asks for it. The cluster must be still for the counts to be those of the snapshot.</summary>
    /// <param name="server">The cluster.</param>
    /// <param name="dialect">What it is.</param>
    /// <param name="indices">The indices that the snapshot has.</param>
    /// <param name="refused">Told of each part that the user may not read, which is left out.</param>
    /// <param name="cancellation">Stops asking.</param>
    public static async Task<JsonObject> ReadAsync(SearchServer server, ServerDialect dialect, IReadOnlyList<string> indices, Action<Problem> refused, CancellationToken cancellation)
    {
        var state = new JsonObject
        {
            ["version"] = dialect.Number, ["distribution"] = dialect.IsOpenSearch ? "opensearch" : "elasticsearch",
            ["settings"] = (await MayAsync("/_cluster/settings?flat_settings=true"))?["persistent"]?.DeepClone(),
            [Templates] = await MayAsync("/_template"),
            [Pipelines] = await MayAsync("/_ingest/pipeline"),
        };
        if (dialect.HasComposableTemplates)
        {
            state[IndexTemplates] = await MayAsync("/_index_template");
            state[ComponentTemplates] = await MayAsync("/_component_template");
        }
        var described = new JsonObject();
        foreach (var index in indices)
        {
            var about = (await server.GetAsync($"/{SearchServer.Part(index)}?flat_settings=true", cancellation))[index]!.DeepClone().AsObject();
            about[Count] = await CountAsync(server, index, cancellation);
            described[index] = about;
        }
        state[Indices] = described;
        return state;

        async Task<JsonNode?> MayAsync(string path)
        {
            try
            {
                return await server.FindAsync(path, cancellation);
            }
            catch (ProblemException forbidden) when (forbidden.Problem.Code == Catalogue.WebAuthentication.Code)
            {
                refused(forbidden.Problem with { Exit = ExitCode.Success });
                return null;
            }
        }
    }

    /// <summary>How many documents an index has; nested ones count as a part of theirs.</summary>
    /// <exception cref="ProblemException">Some of its shards are on no node, or the engine refuses.</exception>
    public static async Task<long> CountAsync(SearchServer server, string index, CancellationToken cancellation)
    {
        var answer = await server.GetAsync($"/{SearchServer.Part(index)}/_count", cancellation);
        var (total, counted) = ((int)answer["_shards"]!["total"]!, (int)answer["_shards"]!["successful"]!);
        return counted == total ? (long)answer["count"]!
            : throw Catalogue.SearchRefused.Throwable($"{total - counted} of {total} shards of {index} of {server.Place} can not be read.", "See _cluster/health and _cluster/allocation/explain; the engine's log says more.");
    }

    /// <summary>Those of the indices that have lost a shard: no node has a copy of it that can be read.</summary>
    public static async Task<IReadOnlyList<string>> FindLostAsync(SearchServer server, IReadOnlyList<string> indices, CancellationToken cancellation)
    {
        var red = (await server.GetAsync("/_cat/indices?format=json&h=index&health=red&expand_wildcards=open,closed", cancellation)).AsArray().Select(line => (string)line!["index"]!).ToHashSet(StringComparer.Ordinal);
        return [.. indices.Where(red.Contains)];
    }

    /// <summary>The indices that the patterns mean, open and closed.</summary>
    public static async Task<(IReadOnlyList<string> Open, IReadOnlyList<string> Closed)> ResolveAsync(SearchServer server, IReadOnlyList<string> patterns, CancellationToken cancellation)
    {
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var names in SearchServer.Parts(patterns))
            foreach (var line in await server.FindAsync($"/_cat/indices/{names}?format=json&h=index,status&expand_wildcards=open,closed", cancellation) as JsonArray ?? [])
                found[(string)line!["index"]!] = (string?)line["status"] == "open";
        var all = found.Select(index => (Name: index.Key, IsOpen: index.Value)).OrderBy(index => index.Name, StringComparer.Ordinal).ToList();
        return ([.. all.Where(index => index.IsOpen).Select(index => index.Name)], [.. all.Where(index => !index.IsOpen).Select(index => index.Name)]);
    }
}
