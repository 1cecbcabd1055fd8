using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Classes that take points of indices and restore them: they share engines, so they run one after the other, but beside the other collections of engines.</summary>
[CollectionDefinition(Name)]
public sealed class SearchEnginesCollection : ICollectionFixture<SearchEngines>
{
    public const string Name = "search engines";
}

/// <summary>Classes that build, migrate and synchronise indices.</summary>
[CollectionDefinition(Name)]
public sealed class BuildingEnginesCollection : ICollectionFixture<SearchEngines>
{
    public const string Name = "search engines that indices are built in";
}

/// <summary>Classes that kill engines, or damage what they have.</summary>
[CollectionDefinition(Name)]
public sealed class TroubledEnginesCollection : ICollectionFixture<SearchEngines>
{
    public const string Name = "search engines in trouble";
}

/// <summary>Classes that try commands on engines, and ask them.</summary>
[CollectionDefinition(Name)]
public sealed class AskedEnginesCollection : ICollectionFixture<SearchEngines>
{
    public const string Name = "search engines that are asked";
}

/// <summary>Engines and a database that tests share, because each takes long to start. Each test gets an engine that is empty.</summary>
public sealed class SearchEngines : IAsyncDisposable
{
    private readonly Dictionary<string, SearchEngine> _engines = new(StringComparer.Ordinal);
    private PostgresServer? _postgres;

    /// <summary>The server that indices are built from.</summary>
    public async Task<PostgresServer> PostgresAsync() => _postgres ??= await PostgresServer.StartAsync();

    /// <summary>An empty engine.</summary>
    /// <param name="kind">"elasticsearch", "opensearch", or "secure": OpenSearch with TLS and users.</param>
    public async Task<SearchEngine> BeginAsync(string kind)
    {
        if (!_engines.TryGetValue(kind, out var engine))
            return _engines[kind] = await StartAsync(kind);
        var all = await Task.WhenAll(new[] { "/_cat/indices?format=json&h=index&expand_wildcards=open,closed", "/_snapshot", "/_template", "/_index_template", "/_component_template" }
            .Select(path => engine.CallAsync(HttpMethod.Get, path)));
        var indices = all[0].AsArray().Select(index => (string)index!["index"]!).Where(index => index[0] != '.' || index.StartsWith(".tool", StringComparison.Ordinal) || index.StartsWith(".kibana_3", StringComparison.Ordinal)).ToList();
        foreach (var some in indices.Chunk(12)) // a request line of 4 KiB is taken, and names have up to 255 letters
        {
            foreach (var block in new[] { "read_only", "metadata" }) // else they can't be deleted
                await engine.CallAsync(HttpMethod.Put, $"/{string.Join(',', some)}/_settings?expand_wildcards=all", $$"""{"index.blocks.{{block}}":null}""");
            await engine.CallAsync(HttpMethod.Delete, $"/{string.Join(',', some)}");
        }
        foreach (var repository in all[1].AsObject()) await engine.CallAsync(HttpMethod.Delete, $"/_snapshot/{repository.Key}");
        foreach (var template in all[2].AsObject().Where(template => template.Key[0] != '.')) await engine.CallAsync(HttpMethod.Delete, $"/_template/{template.Key}");
        foreach (var (found, sort) in all[3..].Zip(["index_template", "component_template"]))
            foreach (var template in found[$"{sort}s"]!.AsArray()) await engine.CallAsync(HttpMethod.Delete, $"/_{sort}/{template!["name"]}");
        foreach (var entry in Directory.GetFileSystemEntries(engine.Snapshots)) (await Command.RunAsync("rm", ["-r", entry])).Succeeded();
        return engine;
    }

    /// <summary>One that few requests at a time fit into is soon too busy, as large ones are under load (HTTP 429).</summary>
    private static Task<SearchEngine> StartAsync(string kind) => kind switch
    {
        "secure" => SearchEngine.StartAsync("opensearch", secure: true, settings: ["plugins.security.restapi.roles_enabled=[all_access]"]),
        "elasticsearch" => SearchEngine.StartAsync(kind, settings: ["indexing_pressure.memory.limit=5mb"]),
        _ => SearchEngine.StartAsync(kind),
    };

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null) await _postgres.DisposeAsync();
        foreach (var engine in _engines.Values) await engine.DisposeAsync();
    }
}
