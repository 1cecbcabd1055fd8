using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Restore;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A rig with components that capture real engines into its repository and bring them back.</summary>
internal sealed class SearchRig : Rig
{
    private SearchRig()
    {
    }

    /// <summary>How indices are restored.</summary>
    public IndexNaming Wishes { get; set; } = IndexNaming.None;

    public static async Task<SearchRig> BeginAsync()
    {
        var rig = new SearchRig();
        await rig.InitAsync();
        return rig;
    }

    /// <summary>The component of a profile that names the engine, with more keys of it.</summary>
    public static SearchComponent Component(SearchEngine engine, string more = "", string? location = null, string secret = SearchEngine.Password, string? url = null)
    {
        var profile = ProfileReader.Parse($$"""
            platform: x
            components:
              search:
                - { name: main, url: "{{(url ?? engine.Url).Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}}", repository: { location: "{{location ?? engine.Snapshots}}" }{{(more.Length > 0 ? ", " + more : "")}} }
            """, "/etc/holdfast/profile.yaml");
        return new SearchComponent(profile.Root["components"]["search"].Items[0], new FixedSecret(secret), new LocalHost(Environment.GetEnvironmentVariable), TimeProvider.System);
    }

    /// <summary>Takes a point; in a window, unless told otherwise.</summary>
    public Task<TakenPoint> BackUpAsync(
        SearchComponent component, BackupMode mode = BackupMode.Quiesced, Func<Task>? between = null) =>
        BackUpAsync(component, mode, new RunHooks { Between = between });

    public Task<RunReport> RestoreAsync(
        SearchComponent component, TakenPoint taken, bool overwrite = false, RunHooks? hooks = null,
        params string[] include) =>
        RestoreAsync(component, taken.Point, Asking(overwrite, include), hooks);

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(
        SearchComponent component, TakenPoint taken, bool overwrite = false, params string[] include) =>
        PlanRestoreAsync(component, taken.Point, Asking(overwrite, include));

    /// <summary>As "search drop-old" does.</summary>
    /// <param name="component">The cluster.</param>
    /// <param name="planned">What happens once the plan is made.</param>
    public Task<RunReport> DropOldAsync(SearchComponent component, Func<Task>? planned = null) => ActAsync(
        component, async () =>
        {
            var steps = await PlanDropOldAsync(component);
            if (planned is not null) await planned();
            return steps;
        });

    public Task<IReadOnlyList<Step>> PlanDropOldAsync(SearchComponent component) =>
        component.PlanDropOldAsync(new IndexRequest([], [], this["work"]), Cancellation);

    /// <summary>The shop's indices behind aliases, with so many documents each, a filtered alias, a template and a pipeline-free mapping.</summary>
    public static async Task FillAsync(SearchEngine engine, int documents)
    {
        await engine.CallAsync(HttpMethod.Put, "/_template/shop", """{"index_patterns":["shop-*"],"settings":{"number_of_replicas":0}}""");
        foreach (var (index, shards) in new[] { ("documents_v2", 2), ("stix_v4", 1) })
        {
            await engine.CallAsync(HttpMethod.Put, $"/{index}", """
                {"settings":{"number_of_shards":SHARDS,"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"integer"},"text":{"type":"text"}}}}
                """.Replace("SHARDS", $"{shards}", StringComparison.Ordinal));
            await WriteAsync(engine, index, 0, documents);
        }
        await engine.CallAsync(HttpMethod.Post, "/_aliases", """
            {"actions":[{"add":{"index":"documents_v2","alias":"documents","is_write_index":true}},{"add":{"index":"documents_v2","alias":"small","filter":{"range":{"n":{"lt":10}}}}},{"add":{"index":"stix_v4","alias":"stix"}}]}
            """);
    }

    public static async Task WriteAsync(SearchEngine engine, string index, int from, int count)
    {
        var lines = new StringBuilder();
        for (var n = from; n < from + count; n++) lines.Append(CultureInfo.InvariantCulture, $$$"""{"index":{"_id":"{{{n}}}"}}""").Append('\n').Append(CultureInfo.InvariantCulture, $$"""{"n":{{n}},"text":"{{n * 7919 % 1000003}} of {{index}}"}""").Append('\n');
        await engine.CallAsync(HttpMethod.Post, $"/{index}/_bulk?refresh=true", lines.ToString());
    }

    /// <summary>Every document of an index, of which there are some, by its id, as one text.</summary>
    public static async Task<string> DocumentsAsync(SearchEngine engine, string index)
    {
        await engine.CallAsync(HttpMethod.Post, $"/{index}/_refresh");
        var hits = (await engine.CallAsync(HttpMethod.Get, $"/{index}/_search?size=10000&sort=n"))["hits"]!["hits"]!.AsArray();
        Assert.NotEmpty(hits);
        return string.Join('\n', hits.Select(hit => $"{hit!["_id"]} {hit["_source"]!.ToJsonString()}"));
    }

    /// <summary>All aliases, with what they filter, in the order of their names: an engine keeps to none.</summary>
    public static async Task<string> AliasesAsync(SearchEngine engine)
    {
        return Ordered(await engine.CallAsync(HttpMethod.Get, "/documents*,stix*/_alias"))!.ToJsonString();

        static JsonNode? Ordered(JsonNode? node) => node is JsonObject entries
            ? new JsonObject(entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, Ordered(entry.Value))))
            : node?.DeepClone();
    }

    /// <summary>The names of indices that are not hidden.</summary>
    public static async Task<string> IndicesAsync(SearchEngine engine) =>
        string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_cat/indices?format=json&h=index")).AsArray().Select(index => (string)index!["index"]!).Where(index => !index.StartsWith('.')).Order(StringComparer.Ordinal));

    public static async Task<IReadOnlyList<string>> SnapshotsAsync(SearchEngine engine) =>
        [.. ((await engine.CallAsync(HttpMethod.Get, "/_snapshot/holdfast/_all"))["snapshots"] as JsonArray ?? []).Select(snapshot => (string)snapshot!["snapshot"]!)];

    private Func<RestoreRequest, RestoreRequest> Asking(bool overwrite, IReadOnlyList<string> include) =>
        request => request with { Overwrite = overwrite, Include = include, Indices = Wishes };
}
