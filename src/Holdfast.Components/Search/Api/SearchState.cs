using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// What a restore, and the administrator, need of a cluster besides its documents: settings, templates, pipelines, and
/// each index with its settings, mappings, aliases and count. It is state.json of the recovery point.
/// </summary>
internal static class SearchState
{
    public const string Templates = "templates", IndexTemplates = "index_templates", ComponentTemplates = "component_templates", Pipelines = "pipelines", Indices = "indices", Count = "documents";

    /// <summary>Reads the state. The cluster must be quiesced for the counts to be those of the snapshot.</summary>
    /// <param name="server">The cluster.</param>
    /// <param name="dialect">The engine and its version.</param>
    /// <param name="indices">The requested indices that the snapshot has.</param>
    /// <param name="counts">The number of documents of each index.</param>
    /// <param name="refused">Receives each part that the user lacks the privilege to read; such a part is left
    /// out.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    public static async Task<JsonObject> ReadAsync(SearchServer server, ServerDialect dialect, IReadOnlyList<string> indices, IReadOnlyDictionary<string, long> counts, Action<Problem> refused, CancellationToken cancellation)
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
        foreach (var names in SearchServer.Parts(indices, SearchServer.Described))
            foreach (var (index, about) in (await server.GetAsync($"/{names}?flat_settings=true&expand_wildcards=all", cancellation)).AsObject())
                described[index] = about!.DeepClone();
        foreach (var (index, count) in counts) if (described[index] is JsonObject about) about[Count] = count;
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

    /// <summary>
    /// Reads the state that <see cref="ReadAsync"/> has made. It is not trusted: any user with write access to the
    /// repository may have written it.
    /// </summary>
    /// <exception cref="ProblemException">It is not JSON of that form, or an engine would read a name in it as
    /// something else.</exception>
    public static async Task<JsonObject> ReadBackAsync(Stream content, CancellationToken cancellation)
    {
        try
        {
            var state = (await JsonNode.ParseAsync(content, cancellationToken: cancellation))!.AsObject();
            foreach (var (index, about) in state[Indices] as JsonObject ?? [])
            {
                PlainName.Require(index, "an index");
                foreach (var (alias, _) in about?["aliases"] as JsonObject ?? []) PlainName.Require(alias, "an alias");
            }
            return state;
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException or NullReferenceException or ArgumentException)
        {
            throw Catalogue.PointManifest.Throwable($"The description of a search cluster in the recovery point (state.json) cannot be read: {odd.Message.TrimEnd('.')}.", odd);
        }
    }

    /// <summary>The number of documents of an index; nested documents count as a part of theirs.</summary>
    /// <exception cref="ProblemException">Some of its shards are not allocated, or the engine refuses.</exception>
    public static async Task<long> CountAsync(SearchServer server, string index, CancellationToken cancellation)
    {
        var answer = await server.GetAsync($"/{SearchServer.Part(index)}/_count", cancellation);
        var (total, counted) = ((int)answer["_shards"]!["total"]!, (int)answer["_shards"]!["successful"]!);
        return counted == total ? (long)answer["count"]!
            : throw Catalogue.SearchRefused.Throwable($"{total - counted} of {total} shards of {index} of {server.Place} cannot be read.", "See _cluster/health and _cluster/allocation/explain; the engine's log says more.");
    }

    /// <summary>
    /// The same for many, by few requests: each document is counted in the bucket of its index. An index without documents has 0. One that is blocked for reading fails.
    /// </summary>
    /// <exception cref="ProblemException">Some of their shards are on no node, or the engine refuses.</exception>
    public static async Task<Dictionary<string, long>> CountAllAsync(SearchServer server, IReadOnlyList<string> indices, CancellationToken cancellation)
    {
        const int together = 200;
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var batch in indices.Chunk(together).Where(batch => batch.Length > 0))
        {
            foreach (var names in SearchServer.Parts(batch)) await AddAsync(names, batch.Length);
            foreach (var index in batch) counts.TryAdd(index, 0);
        }
        return counts;

        async Task AddAsync(string names, int most)
        {
            var body = new JsonObject
            {
                ["size"] = 0, ["track_total_hits"] = false,
                ["aggs"] = new JsonObject { ["indices"] = new JsonObject { ["terms"] = new JsonObject { ["field"] = "_index", ["size"] = most } } },
            };
            var answer = await server.PostAsync($"/{names}/_search?allow_partial_search_results=false&expand_wildcards=all&filter_path=_shards.total,_shards.successful,aggregations.indices.buckets", body, cancellation);
            var (total, counted) = ((int?)answer["_shards"]?["total"] ?? 0, (int?)answer["_shards"]?["successful"] ?? -1);
            if (counted != total) throw Catalogue.SearchRefused.Throwable($"{total - counted} of {total} shards of {server.Place} cannot be read.", "See _cluster/health and _cluster/allocation/explain; the engine's log says more.");
            foreach (var bucket in answer["aggregations"]?["indices"]?["buckets"] as JsonArray ?? []) counts[(string)bucket!["key"]!] = (long)bucket["doc_count"]!;
        }
    }

    /// <summary>The indices that have lost a shard: no node has a readable copy of it.</summary>
    public static async Task<IReadOnlyList<string>> FindLostAsync(SearchServer server, IReadOnlyList<string> indices, CancellationToken cancellation)
    {
        var red = (await HealthAsync(server, cancellation)).Where(index => index.Value == "red").Select(index => index.Key).ToHashSet(StringComparer.Ordinal);
        return [.. indices.Where(red.Contains)];
    }

    /// <summary>
    /// The health of each index of a cluster, hidden and closed ones included: "green", "yellow", "red". It needs no
    /// privileges on indices, and no block prevents it.
    /// </summary>
    /// <exception cref="ProblemException">The user lacks the cluster privilege 'monitor'.</exception>
    public static async Task<IReadOnlyDictionary<string, string>> HealthAsync(SearchServer server, CancellationToken cancellation) =>
        ((await server.GetAsync("/_cluster/health?level=indices&filter_path=indices.*.status", cancellation))["indices"] as JsonObject ?? [])
            .ToDictionary(index => index.Key, index => (string?)index.Value?["status"] ?? "", StringComparer.Ordinal);

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
