using System.Security.Cryptography;
using Holdfast.Components.Search;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Web;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>What a check sees of real search engines, of the seed's generation and of today's.</summary>
[Collection(AskedEnginesCollection.Name)]
public sealed class SearchCheckTests(SearchEngines engines)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [Engines]
    public async Task Rest_passes_and_writers_searchers_snapshots_and_lost_shards_do_not(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await engine.CallAsync(HttpMethod.Put, "/shop", """{"settings":{"number_of_shards":1,"number_of_replicas":0}}""");
        await engine.CallAsync(HttpMethod.Get, "/_cluster/health?wait_for_status=green&timeout=60s");
        Each.Holds(await LinesAsync(engine), line => Assert.True(line.State == CheckState.Pass, $"{line}"));

        var writes = await WhileAsync(engine, () => engine.CallAsync(HttpMethod.Post, "/shop/_doc", """{"n":1}"""));
        Assert.Equal(CheckState.Fail, Line(writes, "writes").State);
        Assert.Matches(@"^within 1\.5 s in shop \(\d+\)", Line(writes, "writes").Found);
        Assert.Equal(CheckState.Pass, Line(writes, "searches").State);

        var searches = await WhileAsync(engine, () => engine.CallAsync(HttpMethod.Get, "/shop/_search"));
        Assert.Equal((CheckState.Pass, CheckState.Fail), (Line(searches, "writes").State, Line(searches, "searches").State));

        await engine.CallAsync(HttpMethod.Get, "/shop/_search?scroll=1m");
        Assert.Equal(CheckState.Warn, Line(await LinesAsync(engine), "searches").State);
        await engine.CallAsync(HttpMethod.Delete, "/_search/scroll/_all");

        // Its tools' own index does not count.
        Each.Holds(await WhileAsync(engine, () => engine.CallAsync(HttpMethod.Post, "/.tool/_doc", """{"n":1}""")), line => Assert.True(line.State is CheckState.Pass or CheckState.Warn, $"{line}"));

        await engine.CallAsync(HttpMethod.Put, "/copied", """{"settings":{"number_of_shards":2,"number_of_replicas":1}}""");
        await engine.CallAsync(HttpMethod.Get, "/_cluster/health?wait_for_status=yellow&wait_for_no_initializing_shards=true&timeout=60s");
        var yellow = Line(await LinesAsync(engine), "health");
        Assert.Equal(CheckState.Pass, yellow.State);
        Assert.StartsWith("yellow, as a cluster of one node is", yellow.Found, StringComparison.Ordinal);

        await engine.CallAsync(HttpMethod.Put, "/lost?wait_for_active_shards=0", """{"settings":{"number_of_replicas":0,"index.routing.allocation.require._name":"nobody"}}""");
        var red = Line(await LinesAsync(engine), "health");
        Assert.Equal(CheckState.Fail, red.State);
        Assert.StartsWith("red, 1 node", red.Found, StringComparison.Ordinal);
    }

    [Theory]
    [Engines]
    public async Task A_reindex_and_a_snapshot_that_run_are_named(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        var lines = string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{\"index\":{{}}}}\n{{\"n\":{i},\"pad\":\"{Convert.ToHexString(RandomNumberGenerator.GetBytes(250))}\"}}\n"));
        await engine.CallAsync(HttpMethod.Post, "/shop/_bulk?refresh=true", lines);

        await engine.CallAsync(HttpMethod.Post, "/_reindex?wait_for_completion=false&requests_per_second=50", """{"source":{"index":"shop","size":50},"dest":{"index":"other"}}""");
        var tasks = Line(await LinesAsync(engine), "tasks");
        Assert.Equal(CheckState.Fail, tasks.State);
        Assert.Matches(@"^1: indices:data/write/reindex for \d+ s$", tasks.Found);
        await engine.CallAsync(HttpMethod.Post, "/_tasks/_cancel?actions=*reindex");

        // A snapshot that is throttled to a crawl.
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/keep", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}","max_snapshot_bytes_per_sec":"20kb","chunk_size":"10kb"} }""");
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/keep/one?wait_for_completion=false", """{"indices":"shop"}""");
        var snapshots = Line(await LinesAsync(engine), "snapshots");
        Assert.Equal(CheckState.Fail, snapshots.State);
        Assert.StartsWith("one in keep (", snapshots.Found, StringComparison.Ordinal);
        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/keep/one"); // which ends it
    }

    [Fact]
    public async Task A_secured_cluster_is_asked_as_a_user_who_may_and_its_certificate_must_be_right()
    {
        var engine = await engines.BeginAsync("secure");
        var user = $"user: backup, password: {{ env: X }}, ca: {engine.Authority}";
        Each.Holds(await LinesAsync(engine, user), line => Assert.True(line.State == CheckState.Pass, $"{line}"));

        await UnknownAsync(Catalogue.WebAuthentication, engine, $"ca: {engine.Authority}");
        await UnknownAsync(Catalogue.WebAuthentication, engine, user, password: "wrong");
        await UnknownAsync(Catalogue.WebTls, engine, "user: backup, password: { env: X }", hint: "Name the PEM file of that authority as 'ca' beside 'url' in the profile.");
        await UnknownAsync(Catalogue.WebTls, engine, "user: backup, password: { env: X }, ca: /nowhere/ca.pem");
        await engine.KillAsync();
        await UnknownAsync(Catalogue.WebUnreachable, engine, user);
        await engine.StartAgainAsync();
    }

    /// <summary>Questions about users are asked of any server that answers in JSON: here of this one, about itself.</summary>
    [Fact]
    public async Task Questions_by_http_are_judged_by_the_value_that_the_pointer_leads_to()
    {
        var engine = await engines.BeginAsync("elasticsearch");
        Assert.Equal((CheckState.Fail, "the platform answers 1"), await AskAsync("/_cluster/health", "/number_of_nodes"));
        Assert.Equal((CheckState.Pass, "none"), await AskAsync("/_cluster/health", "/number_of_in_flight_fetch"));
        Assert.Equal((CheckState.Pass, "none"), await AskAsync("/_cluster/health", "/timed_out"));
        Assert.Equal((CheckState.Pass, "none"), await AskAsync("/_snapshot/_status", "/snapshots"));
        Assert.Equal((CheckState.Pass, "none"), await AskAsync("/_snapshot", ""));
        Assert.Equal((CheckState.Fail, "the platform answers \"7.10.2\""), await AskAsync("/", "/version/number"));
        Assert.Equal(CheckState.Unknown, (await AskAsync("/_cluster/health", "/no/such")).State);
        Assert.Equal(CheckState.Unknown, (await AskAsync("/_cat/health", "/x")).State);
        Assert.Equal(CheckState.Unknown, (await AskAsync("/no-such-index", "")).State);

        async Task<(CheckState State, string Found)> AskAsync(string path, string pointer)
        {
            var question = new WebQuestion("asked", pointer, new WebServer(new WebSettings(engine.Url + path), new FixedSecret("")));
            var line = Assert.Single(await new UsersCheck([], [question], "/proc/net").CheckAsync(Cancellation));
            return (line.State, line.Found);
        }
    }

    private static CheckLine Line(IReadOnlyList<CheckLine> lines, string question) => lines.Single(line => line.Question == question);

    private static async Task UnknownAsync(ProblemKind kind, SearchEngine engine, string options, string password = SearchEngine.Password, string? hint = null)
    {
        var line = Assert.Single(await LinesAsync(engine, options, password));
        Assert.Equal((CheckState.Unknown, hint ?? kind.Hint), (line.State, line.Hint));
        Assert.DoesNotContain(password, line.Found, StringComparison.Ordinal);
    }

    /// <summary>Checks while something is done over and over.</summary>
    private static async Task<IReadOnlyList<CheckLine>> WhileAsync(SearchEngine engine, Func<Task> act)
    {
        await act(); // the first one makes a mapping, and may take longer than the check looks
        var checking = LinesAsync(engine);
        while (!checking.IsCompleted) await act();
        return await checking;
    }

    private static async Task<IReadOnlyList<CheckLine>> LinesAsync(SearchEngine engine, string options = "", string password = SearchEngine.Password)
    {
        var profile = ProfileReader.Parse($$"""
            platform: x
            components: { files: { groups: { A: [/etc/x] } } }
            checks: { search: [{ name: main, url: "{{engine.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}}"{{(options.Length > 0 ? ", " + options : "")}} }] }
            """, "/etc/holdfast/profile.yaml");
        var check = new SearchCheck(profile.Root["checks"]["search"].Items[0], new FixedSecret(password), TimeProvider.System);
        return (await new CheckRun([check], TimeSpan.FromSeconds(10), TimeProvider.System).RunAsync([], Cancellation)).Lines;
    }
}
