using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Tests.Web;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>Whoever listens on the port of an engine answers in JSON, but not as an engine does.</summary>
public sealed class HostileEngineTests
{
    /// <summary>What engines answer, by a part of the path.</summary>
    private static readonly (string Path, string Answer)[] _answers =
    [
        ("_cat/indices", """[{"index":"documents_v1","status":"open","health":"green","pri":"1","rep":"0","docs.count":"3","store.size":"1kb"},{"index":"documents_v2","status":"close"}]"""),
        ("_alias", """{"documents_v1":{"aliases":{"documents":{"is_write_index":true}}},"documents_v0":{"aliases":{}}}"""),
        ("_nodes", """{"nodes":{"A":{"name":"n","ip":"127.0.0.1","settings":{"path":{"repo":["/a"]}}}}}"""),
        ("_cluster/health", """{"status":"green","number_of_nodes":1,"unassigned_shards":0,"indices":{"documents_v1":{"status":"green"}}}"""),
        ("_cluster/settings", """{"persistent":{"cluster":{"max_shards_per_node":"1000"}}}"""),
        ("_stats", """{"_shards":{},"indices":{"documents_v1":{"primaries":{"indexing":{"index_total":1,"index_current":0,"delete_total":0,"delete_current":0}},"total":{"search":{"query_total":1,"query_current":0,"scroll_total":0,"open_contexts":0}}}}}"""),
        ("_tasks", """{"tasks":{"t":{"action":"indices:data/write/bulk","description":"requests[1], indices[a]","running_time_in_nanos":1}}}"""),
        ("_status", """{"snapshots":[{"snapshot":"s","repository":"r","state":"STARTED"}]}"""),
        ("_snapshot", """{"holdfast":{"type":"fs","settings":{"location":"/a"}},"nodes":{},"snapshots":[]}"""),
        ("_template", """{"t":{"index_patterns":["a*"],"aliases":{}},"index_templates":[],"component_templates":[]}"""),
        ("_count", """{"count":3,"_shards":{"total":1,"successful":1}}"""),
        ("_search", """{"hits":{"hits":[]},"_shards":{"total":1,"successful":1},"aggregations":{"indices":{"buckets":[]}}}"""),
        ("_mapping", """{"documents_v1":{"mappings":{"_meta":{}}}}"""),
        ("documents_v1", """{"documents_v1":{"aliases":{},"mappings":{"properties":{"a":{"type":"long"}}},"settings":{"index.uuid":"u","index.number_of_shards":"1"}}}"""),
        ("", """{"name":"n","version":{"number":"7.10.2"}}"""),
    ];

    [Fact]
    public async Task An_answer_of_another_form_is_a_problem_that_names_the_server()
    {
        var seed = Environment.GetEnvironmentVariable("HOLDFAST_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 20261128;
        var random = new Random(seed);
        var rounds = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 20_000 : 60;
        var path = "";
        await using var server = Answering.Begin(
            async stream =>
            {
                var answer = _answers.First(known => path.Contains(known.Path, StringComparison.Ordinal)).Answer;
                var body = Encoding.UTF8.GetBytes(random.Next(4) == 0 ? Bend(JsonNode.Parse(answer)!, random).ToJsonString() : answer);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"));
                await stream.WriteAsync(body);
            },
            null, request => path = request.Split(' ')[1].Split('?')[0]);
        var profile = ProfileReader.Parse(
            $$"""{ platform: x, components: { search: [ { name: main, url: "{{server.Url}}", repository: { location: /a }, indices: { documents: { mapping: { properties: { a: { type: keyword } } } } } } ] } }""", "/etc/holdfast/profile.yaml");
        for (var round = 0; round < rounds; round++)
            await AskAsync(profile, $"seed {seed}, round {round}");
    }

    private static async Task AskAsync(Profile profile, string which)
    {
        var component = new SearchComponent(profile.Root["components"]["search"].Items[0], new FixedSecret(""), new LocalHost(_ => null), TimeProvider.System);
        var request = new IndexRequest(["documents"], [], "/nowhere");
        Func<Task>[] questions =
        [
            () => component.ProbeAsync(TestContext.Current.CancellationToken),
            () => component.PlanDropOldAsync(request, TestContext.Current.CancellationToken),
            () => component.PlanMigrateAsync(request, TestContext.Current.CancellationToken),
            () => component.PlanPrepareAsync(TestContext.Current.CancellationToken),
        ];
        foreach (var question in questions)
        {
            try
            {
                await question();
            }
            catch (ProblemException problem)
            {
                Assert.DoesNotContain("HF-INTERNAL", problem.Problem.Code, StringComparison.Ordinal);
            }
            catch (Exception fault)
            {
                Assert.Fail($"{which}: {fault}");
            }
        }
    }

    /// <summary>Puts something else in the place of one value.</summary>
    private static JsonNode Bend(JsonNode answer, Random random)
    {
        var places = new List<Action<JsonNode?>>();
        Collect(answer, places);
        if (places.Count == 0) return new JsonArray();
        JsonNode?[] others = [null, JsonValue.Create(-1.5), JsonValue.Create("x"), JsonValue.Create(true), new JsonArray(1, null), new JsonObject { ["x"] = null }, JsonValue.Create(1e300)];
        places[random.Next(places.Count)](others[random.Next(others.Length)]);
        return answer;
    }

    private static void Collect(JsonNode? node, List<Action<JsonNode?>> places)
    {
        if (node is JsonObject entries)
            foreach (var key in entries.Select(entry => entry.Key).ToList())
            {
                places.Add(value => entries[key] = value);
                Collect(entries[key], places);
            }
        else if (node is JsonArray list)
            for (var i = 0; i < list.Count; i++)
            {
                var at = i;
                places.Add(value => list[at] = value);
                Collect(list[i], places);
            }
    }
}
