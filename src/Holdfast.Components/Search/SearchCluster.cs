using System.Text.Json;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search;

/// <summary>Reads the state of a cluster. A missing value in an answer is an error, and never counts as 0.</summary>
internal sealed class SearchCluster(WebServer server)
{
    private const string Stats = "/_stats/indexing,search?level=indices&filter_path=indices.*.primaries.indexing,indices.*.total.search,_shards", WithHidden = Stats + "&expand_wildcards=open,hidden";

    public Task<SearchHealth> HealthAsync(CancellationToken cancellation) => ReadAsync(
        "/_cluster/health", health => new SearchHealth(health.GetProperty("status").GetString()!, health.GetProperty("number_of_nodes").GetInt32(), health.GetProperty("unassigned_shards").GetInt32()), cancellation);

    /// <summary>The indices of data streams are hidden, which engines before 7.7 do not know; they have no streams.</summary>
    public async Task<SearchCounters> CountersAsync(CancellationToken cancellation)
    {
        try
        {
            return await CountersAsync(WithHidden, cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Message.Contains("HTTP 400", StringComparison.Ordinal))
        {
            return await CountersAsync(Stats, cancellation);
        }
    }

    private Task<SearchCounters> CountersAsync(string path, CancellationToken cancellation) => ReadAsync(path, answer =>
    {
        _ = answer.GetProperty("_shards"); // an index-less cluster has no indices, but it has this
        var (writes, searches, open) = (new Dictionary<string, long>(StringComparer.Ordinal), new Dictionary<string, long>(StringComparer.Ordinal), 0L);
        foreach (var index in answer.TryGetProperty("indices", out var indices) ? indices.EnumerateObject().Where(index => !IsOfTools(index.Name)) : [])
        {
            var (indexing, search) = (index.Value.GetProperty("primaries").GetProperty("indexing"), index.Value.GetProperty("total").GetProperty("search"));
            writes[index.Name] = Sum(indexing, "index_total", "index_current", "delete_total", "delete_current");
            searches[index.Name] = Sum(search, "query_total", "query_current", "scroll_total");
            open += Sum(search, "open_contexts");
        }
        return new SearchCounters(writes, searches, open);
    }, cancellation);

    public Task<SearchWriters> WritersAsync(CancellationToken cancellation) => ReadAsync("/_nodes/stats/thread_pool?filter_path=nodes.*.thread_pool.write", answer =>
    {
        var pools = answer.GetProperty("nodes").EnumerateObject().Select(node => node.Value.GetProperty("thread_pool").GetProperty("write")).ToList();
        return new SearchWriters(pools.Sum(pool => pool.GetProperty("active").GetInt32()), pools.Sum(pool => pool.GetProperty("queue").GetInt32()));
    }, cancellation);

    /// <summary>The tasks that a client started; each is reported together with its child tasks.</summary>
    public Task<IReadOnlyList<string>> TasksAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<string>>(
        "/_tasks?actions=*write*,*reindex*,*snapshot*&group_by=parents&detailed=true",
        answer => [.. answer.GetProperty("tasks").EnumerateObject().Select(task => task.Value).Where(task => !IsQuestion(task) && !IsOfTools(task)).Select(Describe)], cancellation);

    /// <summary>
    /// Snapshots that are being taken, without the state of each shard, which may be large. filter_path removes an
    /// empty list, so the request is repeated without it: only an answer that has the list proves that no snapshot
    /// runs.
    /// </summary>
    public async Task<IReadOnlyList<string>> SnapshotsAsync(CancellationToken cancellation)
    {
        const string path = "/_snapshot/_status";
        var running = await ReadAsync($"{path}?filter_path=snapshots.snapshot,snapshots.repository,snapshots.state", answer => answer.TryGetProperty("snapshots", out var found) ? Names(found) : [], cancellation);
        return running.Count > 0 ? running : await ReadAsync(path, answer => Names(answer.GetProperty("snapshots")), cancellation);

        static IReadOnlyList<string> Names(JsonElement list) => [.. list.EnumerateArray().Select(one => $"{one.GetProperty("snapshot").GetString()} in {one.GetProperty("repository").GetString()} ({one.GetProperty("state").GetString()})")];
    }

    /// <summary>A task that only asks about snapshots, as Holdfast does, takes none.</summary>
    private static bool IsQuestion(JsonElement task) => task.GetProperty("action").GetString()!.StartsWith("cluster:admin/snapshot/status", StringComparison.Ordinal)
        || task.GetProperty("action").GetString() is "cluster:admin/snapshot/get";

    /// <summary>Writing to nothing but indices whose names begin with a dot: "requests[1], indices[.tasks]", or "index {[.tasks][...".</summary>
    private static bool IsOfTools(JsonElement task)
    {
        const string list = "indices[";
        var text = task.TryGetProperty("description", out var description) ? description.GetString() ?? "" : "";
        if (text.Contains(" {[.", StringComparison.Ordinal)) return !text.Contains($" {{[{DataStreams.Prefix}", StringComparison.Ordinal);
        var from = text.IndexOf(list, StringComparison.Ordinal);
        var to = from < 0 ? -1 : text.IndexOf(']', from);
        return to > 0 && text[(from + list.Length)..to].Split(',', StringSplitOptions.TrimEntries).All(IsOfTools);
    }

    /// <summary>The cluster's own and those of its tools, which never rest; not the indices of data streams of the platform.</summary>
    private static bool IsOfTools(string index) => index.StartsWith('.') && (!index.StartsWith(DataStreams.Prefix, StringComparison.Ordinal) || SystemIndices.IsOwn(index));

    private static string Describe(JsonElement task)
    {
        var seconds = task.TryGetProperty("running_time_in_nanos", out var nanos) ? nanos.GetInt64() / 1_000_000_000 : 0;
        return $"{task.GetProperty("action").GetString()} for {seconds} s";
    }

    private static long Sum(JsonElement figures, params ReadOnlySpan<string> names)
    {
        var sum = 0L;
        foreach (var name in names) sum += figures.GetProperty(name).GetInt64();
        return sum;
    }

    private async Task<T> ReadAsync<T>(string path, Func<JsonElement, T> read, CancellationToken cancellation)
    {
        using var answer = await server.GetAsync(path, cancellation);
        try
        {
            return read(answer.RootElement);
        }
        catch (Exception foreign) when (foreign is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Catalogue.WebAnswer.Throwable($"{server.Place} does not answer {path.Split('?')[0]} as Elasticsearch 7 and OpenSearch do: {foreign.Message.TrimEnd('.')}.", foreign);
        }
    }
}
