using Holdfast.Components.Search.Api;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search;

/// <summary>
/// Checks whether an Elasticsearch or OpenSearch cluster has all its shards, and whether clients write or search. It
/// uses only requests that both engines have had since Elasticsearch 7: _cluster/health, _stats, _nodes/stats, _tasks
/// and _snapshot/_status.
/// </summary>
public sealed class SearchCheck : ICheckSource
{
    /// <summary>Between two looks at the counters, which move at once.</summary>
    private static readonly TimeSpan _between = TimeSpan.FromMilliseconds(1500);

    private const string Stop = "Stop what works on it: 'holdfast platform stop'.";

    private readonly string _name;
    private readonly SearchCluster _cluster;
    private readonly TimeProvider _clock;

    /// <summary>Reads its settings from one item of the profile's list "checks: search:".</summary>
    public SearchCheck(ProfileNode node, ISecretReader secrets, TimeProvider clock)
    {
        (_name, _clock) = (node["name"].Text, clock);
        _cluster = new SearchCluster(new WebServer(WebSettings.Read(node), secrets));
    }

    public string Name => $"search/{_name}";

    public string Question => "reads and writes";

    public TimeSpan Waits => _between;

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        var health = await _cluster.HealthAsync(cancellation); // when no node answers, all checks are unknown
        var questions = new CheckQuestions(Name, cancellation);
        await questions.AskAsync("health", () => Task.FromResult(Judge(health)));
        var counted = CompareAsync(cancellation);
        await questions.AskAsync("writes", async () => JudgeWrites(await counted, await _cluster.WritersAsync(cancellation)));
        await questions.AskAsync("searches", async () => JudgeSearches(await counted));
        await questions.AskAsync("tasks", async () => JudgeTasks(await _cluster.TasksAsync(cancellation)));
        await questions.AskAsync("snapshots", async () => JudgeSnapshots(await _cluster.SnapshotsAsync(cancellation)));
        return questions.Lines;
    }

    private async Task<(SearchCounters Before, SearchCounters After)> CompareAsync(CancellationToken cancellation)
    {
        var before = await _cluster.CountersAsync(cancellation);
        await Task.Delay(_between, _clock, cancellation);
        return (before, await _cluster.CountersAsync(cancellation));
    }

    private CheckLine Judge(SearchHealth health)
    {
        var nodes = $"{health.Nodes} node{(health.Nodes == 1 ? "" : "s")}";
        return health.Status switch
        {
            "green" => Line("health", CheckState.Pass, $"green, {nodes}"),
            "yellow" when health.Nodes == 1 => Line("health", CheckState.Pass, $"yellow, as a cluster of one node is: its {health.Unassigned} copies have no other node to be on"),
            "yellow" => Line("health", CheckState.Warn, $"yellow, {nodes}, {health.Unassigned} copies are nowhere", "See what is missing with _cluster/allocation/explain; a snapshot takes the first copies, which are all there."),
            "red" => Line("health", CheckState.Fail, $"red, {nodes}, {health.Unassigned} shards are nowhere", "Bring back the node that has them: see _cluster/allocation/explain. A snapshot would lack them."),
            _ => Line("health", CheckState.Unknown, $"the cluster calls itself '{health.Status}'", "See _cluster/health."),
        };
    }

    private CheckLine JudgeWrites((SearchCounters Before, SearchCounters After) seen, SearchWriters writers)
    {
        var moved = SearchCounters.Moved(seen.Before.Writes, seen.After.Writes);
        var pools = $"{writers.Active} at work and {writers.Queued} waiting in the nodes' write pools";
        if (moved.Count > 0) return Line("writes", CheckState.Fail, $"within {_between.TotalSeconds:0.0} s in {List(moved)}; {pools}", Stop);
        // The pools are also those of the cluster's own tools, whose indices are not counted.
        return writers.Active + writers.Queued > 0
            ? Line("writes", CheckState.Warn, $"none within {_between.TotalSeconds:0.0} s that counts; {pools}", "The cluster's own tools write, most likely; when it stays so, see what holds up the nodes.")
            : Line("writes", CheckState.Pass, $"none within {_between.TotalSeconds:0.0} s");
    }

    private CheckLine JudgeSearches((SearchCounters Before, SearchCounters After) seen)
    {
        var moved = SearchCounters.Moved(seen.Before.Searches, seen.After.Searches);
        if (moved.Count > 0) return Line("searches", CheckState.Fail, $"within {_between.TotalSeconds:0.0} s in {List(moved)}", Stop);
        return seen.After.OpenContexts > 0
            ? Line("searches", CheckState.Warn, $"none within {_between.TotalSeconds:0.0} s, and {seen.After.OpenContexts} scrolls are open", "Somebody may be in the middle of reading much; scrolls that nobody reads on end by themselves.")
            : Line("searches", CheckState.Pass, $"none within {_between.TotalSeconds:0.0} s");
    }

    private CheckLine JudgeTasks(IReadOnlyList<string> tasks) => tasks.Count == 0
        ? Line("tasks", CheckState.Pass, "none writes, reindexes or takes a snapshot")
        : Line("tasks", CheckState.Fail, $"{tasks.Count}: {List(tasks)}", "Wait until they have ended, or end them: see _tasks.");

    private CheckLine JudgeSnapshots(IReadOnlyList<string> snapshots) => snapshots.Count == 0
        ? Line("snapshots", CheckState.Pass, "none runs")
        : Line("snapshots", CheckState.Fail, List(snapshots), "Wait until it has ended: see _snapshot/_status.");

    private CheckLine Line(string question, CheckState state, string found, string? hint = null) => new(Name, question, state, found) { Hint = hint };

    private static string List(IReadOnlyList<string> items) => Quantity.List(items, most: 5);
}
