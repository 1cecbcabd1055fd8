using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Running;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A recovery point of a scratch engine, with what was said while it was taken.</summary>
internal sealed record TakenSearch(Snapshot Point, Manifest Manifest, RecordedContext Context, ArchiveCounters Counters);

/// <summary>A repository, and components that capture real engines into it and bring them back.</summary>
internal sealed class SearchRig : IAsyncDisposable
{
    public const string Password = "correct horse";
    private readonly TempFolder _folder = new();
    private int _runs;

    public required Repository Repository { get; init; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>How indices are restored.</summary>
    public IndexWishes Wishes { get; set; } = IndexWishes.None;

    public string RepositoryPath => _folder["repository"];

    public string this[string name] => _folder[name];

    public static async Task<SearchRig> BeginAsync()
    {
        var folder = new TempFolder();
        var repository = await Repository.InitAsync(new LocalBackend(folder["repository"]), Password, new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) });
        return new SearchRig(folder) { Repository = repository };
    }

    private SearchRig(TempFolder folder) => _folder = folder;

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

    /// <summary>Takes a point, as a run does. <paramref name="between"/> runs before the mark.</summary>
    public async Task<TakenSearch> CaptureAsync(SearchComponent component, BackupMode mode = BackupMode.Quiesced, Func<Task>? between = null, TakenSearch? parent = null)
    {
        var context = new RecordedContext(string.Create(CultureInfo.InvariantCulture, $"20261122T210400-{++_runs:x4}"));
        await using var session = new CaptureSession
        {
            Manifest = new Manifest { Platform = "x", RunId = context.RunId, Mode = mode, HoldfastVersion = "0", Host = "test" },
            Repository = Repository, Parent = parent?.Point, Writer = await Repository.BeginSnapshotAsync(parent?.Point, Cancellation),
        };
        try
        {
            var plan = await component.PlanCaptureAsync(session, Cancellation);
            await ActAsync(plan.Before, context);
            if (between is not null) await between();
            await ActAsync(plan.Mark, context);
            await ActAsync(plan.After, context);
            var point = await session.Writer.CommitAsync(new SnapshotHeader { Paths = ["/search/main"], Hostname = "test", Tags = PointTags.Of(session.Manifest, isPartial: false) }, Cancellation);
            return new TakenSearch(point, session.Manifest, context, session.Writer.Counters);
        }
        catch
        {
            await UndoAsync(component, context);
            throw;
        }
        finally
        {
            await session.Writer.DisposeAsync();
        }
    }

    public async Task<RecordedContext> RestoreAsync(SearchComponent component, TakenSearch taken, string? target = null, bool overwrite = false, params string[] include)
    {
        var context = new RecordedContext(string.Create(CultureInfo.InvariantCulture, $"20261122T220000-{++_runs:x4}"));
        try
        {
            await ActAsync(await PlanRestoreAsync(component, taken, target, overwrite, include), context);
        }
        catch
        {
            await UndoAsync(component, context);
            throw;
        }
        Assert.Empty(context.Owed);
        return context;
    }

    /// <summary>What a run does when a step fails.</summary>
    private static async Task UndoAsync(SearchComponent component, RecordedContext context)
    {
        foreach (var owed in Enumerable.Reverse(context.Owed)) await component.UndoHandlers.Single(handler => handler.Kind == owed.Kind).UndoAsync(owed, Cancellation);
    }

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(SearchComponent component, TakenSearch taken, string? target = null, bool overwrite = false, params string[] include) => component.PlanRestoreAsync(
        new RestoreSession { Repository = Repository, Point = taken.Point, Manifest = taken.Manifest, Target = target, Overwrite = overwrite, Include = include, Indices = Wishes, AsideSuffix = string.Create(CultureInfo.InvariantCulture, $".before-20261122T220000Z-{_runs:x6}") }, Cancellation);

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

    /// <summary>Every document of an index, by its id, as one text.</summary>
    public static async Task<string> DocumentsAsync(SearchEngine engine, string index)
    {
        await engine.CallAsync(HttpMethod.Post, $"/{index}/_refresh");
        var hits = (await engine.CallAsync(HttpMethod.Get, $"/{index}/_search?size=10000&sort=n"))["hits"]!["hits"]!.AsArray();
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

    public async ValueTask DisposeAsync()
    {
        await Repository.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task ActAsync(IEnumerable<Step> steps, StepContext context)
    {
        foreach (var step in steps) await step.Act(context, Cancellation);
    }
}
