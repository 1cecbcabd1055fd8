using System.Text.Json.Nodes;
using Holdfast.Testing;

namespace Holdfast.ServerTests.Search;

/// <summary>Engines that the tests of a class share, because each takes long to start. Each test gets one that is empty.</summary>
public sealed class SearchEngines : IAsyncDisposable
{
    private readonly Dictionary<string, SearchEngine> _engines = new(StringComparer.Ordinal);

    /// <summary>An empty engine.</summary>
    /// <param name="kind">"elasticsearch", "opensearch", or "secure": OpenSearch with TLS and users.</param>
    public async Task<SearchEngine> BeginAsync(string kind)
    {
        if (!_engines.TryGetValue(kind, out var engine))
            return _engines[kind] = kind == "secure" ? await SearchEngine.StartAsync("opensearch", secure: true) : await SearchEngine.StartAsync(kind);
        foreach (var index in (await engine.CallAsync(HttpMethod.Get, "/_cat/indices?format=json&h=index&expand_wildcards=open,closed")).AsArray().Select(index => (string)index!["index"]!).Where(index => !index.StartsWith('.')))
            await engine.CallAsync(HttpMethod.Delete, $"/{index}");
        foreach (var repository in ((JsonObject)await engine.CallAsync(HttpMethod.Get, "/_snapshot")).Select(repository => repository.Key).ToList())
            await engine.CallAsync(HttpMethod.Delete, $"/_snapshot/{repository}");
        if ((await engine.CallAsync(HttpMethod.Get, "/_template")) is JsonObject { Count: > 0 } templates && templates.ContainsKey("shop")) await engine.CallAsync(HttpMethod.Delete, "/_template/shop");
        foreach (var entry in Directory.GetFileSystemEntries(engine.Snapshots)) (await Command.RunAsync("rm", ["-r", entry])).Succeeded();
        return engine;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var engine in _engines.Values) await engine.DisposeAsync();
    }
}
