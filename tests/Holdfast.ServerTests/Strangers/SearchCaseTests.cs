using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Search;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>What strangers met with their engines: blocks, filters, series, streams, damaged repositories. Of real engines.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchCaseTests(SearchEngines engines)
{
    /// <summary>A disk was full: the engine has blocked every index, the nightly backup ran, and then the machine was lost.</summary>
    [Theory]
    [Engines]
    public async Task Blocked_and_pinned_indices_come_back_with_their_aliases_and_with_the_blocks_that_a_person_has_set(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 30);
        await engine.CallAsync(HttpMethod.Put, "/pinned", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"aliases":{"documents-pinned":{}}}""");
        await SearchRig.WriteAsync(engine, "pinned", 0, 5);
        await engine.CallAsync(HttpMethod.Put, "/pinned/_settings", """{"index.routing.allocation.exclude._name":"another"}""");
        await engine.CallAsync(HttpMethod.Put, "/pinned/_settings", """{"index.routing.allocation.include._name":"node-*,somewhere"}""");
        await engine.CallAsync(HttpMethod.Put, "/stix_v4/_settings", """{"index.blocks.read_only_allow_delete":true}""");
        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", """{"index.blocks.read_only":true}""");
        var aliases = JsonNode.Parse(await SearchRig.AliasesAsync(engine));
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        Assert.Contains("documents_v2 (index.blocks.read_only), stix_v4 (index.blocks.read_only_allow_delete)", Assert.Single(taken.Said.Warnings, warning => warning.Code == Catalogue.SearchBlocks.Code).Message, StringComparison.Ordinal);

        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", """{"index.blocks.read_only":null}""");
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4,pinned");
        var said = await rig.RestoreAsync(component, taken);
        Assert.True(JsonNode.DeepEquals(aliases, JsonNode.Parse(await SearchRig.AliasesAsync(engine))), $"{aliases} became {await SearchRig.AliasesAsync(engine)}");
        Assert.Contains("documents_v2 has index.blocks.read_only again, as at the snapshot.", said.Notes);
        var blocks = await engine.CallAsync(HttpMethod.Get, "/_all/_settings/index.blocks.*?flat_settings=true");
        Assert.Equal(("true", null), ((string?)blocks["documents_v2"]?["settings"]?["index.blocks.read_only"], blocks["stix_v4"]?.ToJsonString()));
        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", """{"index.blocks.read_only":null}""");
    }

    /// <summary>OpenSearch refuses such names; Elasticsearch 7 takes them.</summary>
    [Fact]
    public async Task Pipelines_whose_names_are_lists_are_named_by_the_backup_and_by_the_restore_that_leaves_them_out()
    {
        var engine = await engines.BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        await engine.CallAsync(HttpMethod.Put, "/_ingest/pipeline/a%2Cb", """{"processors":[]}""");
        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", """{"index.default_pipeline":"a,b"}""");
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var warned = Assert.Single(taken.Said.Warnings, warning => warning.Code == Catalogue.SearchNames.Code);
        Assert.Contains("pipeline a,b", warned.Message, StringComparison.Ordinal);
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2");
        await engine.CallAsync(HttpMethod.Delete, "/_ingest/pipeline/a*");
        var said = await rig.RestoreAsync(component, taken);
        var left = Assert.Single(said.Warnings, warning => warning.Code == Catalogue.SearchNames.Code);
        Assert.Contains("Not put back into main, because their names mean others: pipeline a,b.", left.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Incomplete, left.Exit);
    }

    /// <summary>The new cluster has no node of the name, or of the kind, that an index asks for.</summary>
    [Theory]
    [Engines]
    public async Task Settings_that_no_node_meets_are_left_out_and_named_and_a_failed_restore_leaves_nothing_red(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 30);
        var component = SearchRig.Component(engine);
        await engine.CallAsync(HttpMethod.Put, "/stix_v4/_settings", """{"index.routing.allocation.require._name":"of the old cluster"}""");
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        Assert.Contains(await rig.PlanRestoreAsync(component, taken), step => step.Does.Contains("Leaves out settings that no node meets: index.routing.allocation.require._name of stix_v4.", StringComparison.Ordinal));
        var said = await rig.RestoreAsync(component, taken);
        Assert.Contains("stix_v4 was restored without index.routing.allocation.require._name ('of the old cluster'), which no node of main meets.", said.Notes);
        Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));

        // What keeps the engine from having it at all: the files of a shard are gone from its repository. It tries for a while, so this is for one of them.
        if (kind == "elasticsearch") return;
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        foreach (var file in Directory.GetFiles(Path.Combine(engine.Snapshots, "indices"), "__*", SearchOption.AllDirectories)) File.Delete(file);
        await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.RestoreAsync(component, taken));
        Assert.Equal("", await SearchRig.IndicesAsync(engine));
    }

    /// <summary>A rollover has happened since the point: what is searched and written today stays so.</summary>
    [Theory]
    [InlineData("elasticsearch", "logs-000002")]
    [InlineData("opensearch", "logs-000003")]
    public async Task An_index_of_a_rollover_series_comes_back_into_it_and_takes_neither_alias_nor_writes(string kind, string lost)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await engine.CallAsync(HttpMethod.Put, "/logs-000001", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"aliases":{"logs":{"is_write_index":true}}}""");
        for (var n = 0; n < 3; n++)
        {
            await SearchRig.WriteAsync(engine, "logs", n, 1);
            if (n < 2) await RollAsync();
        }
        var component = SearchRig.Component(engine, "indices: { logs: {} }, capture: [\"logs*\"]");
        var taken = await rig.BackUpAsync(component);
        await RollAsync();
        await SearchRig.WriteAsync(engine, "logs", 9, 1);
        await engine.CallAsync(HttpMethod.Delete, $"/{lost}");
        var sentence = $"{lost} joins the alias 'logs', which goes on writing to logs-000004.";
        Assert.Contains(await rig.PlanRestoreAsync(component, taken, include: lost), step => step.Does.EndsWith(sentence, StringComparison.Ordinal));
        var said = await rig.RestoreAsync(component, taken, overwrite: true, include: lost);
        Assert.Contains(sentence, said.Notes);
        await SearchRig.WriteAsync(engine, "logs", 10, 1);
        Assert.Equal(5, (long)(await engine.CallAsync(HttpMethod.Get, "/logs/_count"))["count"]!);
        Assert.Equal(2, (long)(await engine.CallAsync(HttpMethod.Get, "/logs-000004/_count"))["count"]!);

        // Nothing of a series is for the verbs that replace an index by a newer one; what is named is refused all the same.
        var (skipped, request) = (new List<string>(), new Components.Search.Api.IndexRequest([], [], rig["work"]));
        Assert.Empty(await component.PlanDropOldAsync(request with { Skipped = skipped.Add }, SearchRig.Cancellation));
        Assert.StartsWith("'logs' points to 4 indices", Assert.Single(skipped), StringComparison.Ordinal);
        await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => component.PlanDropOldAsync(request with { Indices = ["logs"] }, SearchRig.Cancellation));

        Task<JsonNode> RollAsync() => engine.CallAsync(HttpMethod.Post, "/logs/_rollover", """{"settings":{"number_of_shards":1,"number_of_replicas":0}}""");
    }

    /// <summary>An emptied cluster: each name that is missing costs an engine half a minute when it is asked for by _cat/indices.</summary>
    [Theory]
    [Engines]
    public async Task A_restore_of_indices_that_are_not_there_waits_for_none_of_them(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        const int count = 12;
        for (var n = 0; n < count; n++) await engine.CallAsync(HttpMethod.Put, $"/{Long(n)}", """{"settings":{"number_of_shards":1,"number_of_replicas":0}}""");
        await SearchRig.WriteAsync(engine, Long(0), 0, 7);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        Assert.Equal((count, 7L), ((int)taken.Manifest.Components[0].Counts["indices"], taken.Manifest.Components[0].Counts["documents"]));
        for (var n = 1; n < count; n++) await engine.CallAsync(HttpMethod.Delete, $"/{Long(n)}");
        var began = Stopwatch.GetTimestamp();
        var plan = await rig.PlanRestoreAsync(component, taken);
        // The engine's own wait is 30 s; without one this takes some tens of milliseconds.
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(25), $"The plan took {Stopwatch.GetElapsedTime(began)}.");
        Assert.Contains(plan, step => step.Does.StartsWith("Moves aside 1 index", StringComparison.Ordinal));
        await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Equal(count, (await SearchRig.IndicesAsync(engine)).Split(' ').Length);

        static string Long(int n) => string.Create(CultureInfo.InvariantCulture, $"{new string('x', 200)}{n}");
    }

    /// <summary>What would end in the middle is said by the plan: names that get too long, and more shards than a cluster may have.</summary>
    [Theory]
    [Engines]
    public async Task Names_and_shards_that_are_too_many_are_found_out_before_anything_is_moved(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        var name = $"a{new string('b', 230)}";
        await engine.CallAsync(HttpMethod.Put, $"/{name}", """{"settings":{"number_of_shards":1,"number_of_replicas":0}}""");
        await engine.CallAsync(HttpMethod.Put, "/big", """{"settings":{"number_of_shards":6,"number_of_replicas":0}}""");
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var named = await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.PlanRestoreAsync(component, taken));
        Assert.Contains($"{name} of main cannot be moved aside", named.Message, StringComparison.Ordinal);
        var there = (int)(await engine.CallAsync(HttpMethod.Get, "/_cluster/health"))["active_shards"]!;
        await LimitAsync($"{there + 5}");
        try
        {
            var shards = await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.PlanRestoreAsync(component, taken, include: "big"));
            Assert.Contains("max_shards_per_node", shards.Message, StringComparison.Ordinal);
            await LimitAsync($"{there + 6}");
            await rig.PlanRestoreAsync(component, taken, include: "big");
        }
        finally
        {
            await LimitAsync("null");
        }

        Task<JsonNode> LimitAsync(string most) => engine.CallAsync(HttpMethod.Put, "/_cluster/settings", $$$"""{"persistent":{"cluster.max_shards_per_node":{{{most}}}}}""");
    }

    /// <summary>A repository that others use as well: one of their snapshots is damaged, or it is lent for reading alone.</summary>
    [Theory]
    [Engines]
    public async Task A_damaged_snapshot_of_others_is_named_and_a_repository_for_reading_alone_is_called_so(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}"} }""");
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast/theirs?wait_for_completion=true");
        foreach (var file in Directory.GetFiles(engine.Snapshots, "snap-*")) File.Delete(file);
        var component = SearchRig.Component(engine);
        var first = await rig.BackUpAsync(component);
        Assert.Contains("'holdfast' of main: theirs.", Assert.Single(first.Said.Warnings, warning => warning.Code == Catalogue.SearchDamaged.Code).Message, StringComparison.Ordinal);
        await rig.BackUpAsync(component);
        var third = await rig.BackUpAsync(component);
        Assert.Contains(third.Said.Notes, note => note.EndsWith("was deleted in the engine's repository.", StringComparison.Ordinal));

        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/holdfast");
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast?verify=false", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}","readonly":true} }""");
        var lent = await ReindexTests.RefusedAsync(Catalogue.SearchPath, () => rig.BackUpAsync(component));
        Assert.Contains("readonly: true", lent.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("DELETE", lent.Hint, StringComparison.Ordinal);
        Assert.Equal(lent.Message, Assert.Single(await component.ProbeAsync(SearchRig.Cancellation)).Message);

        // A location without a slash at its beginning lies below path.repo.
        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/holdfast");
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast?verify=false", """{"type":"fs","settings":{"location":"below"} }""");
        await rig.BackUpAsync(SearchRig.Component(engine, location: Path.Combine(engine.Snapshots, "below")));
    }

    /// <summary>The security plugin looks for a stream among the indices of a snapshot, where it is not.</summary>
    [Fact]
    public async Task On_a_secured_engine_a_stream_comes_back_without_another_one_of_the_point_and_writes_to_streams_are_seen()
    {
        var engine = await engines.BeginAsync("secure");
        await using var rig = await SearchRig.BeginAsync();
        await engine.CallAsync(HttpMethod.Put, "/_index_template/logs", """{"index_patterns":["logs-*"],"data_stream":{},"template":{"settings":{"number_of_replicas":0}}}""");
        try
        {
            foreach (var stream in new[] { "logs-app", "logs-app", "logs-other" }) await engine.CallAsync(HttpMethod.Post, $"/{stream}/_doc?refresh=true", """{"@timestamp":"2026-11-28T00:00:00Z"}""");
            await engine.CallAsync(HttpMethod.Post, "/logs-app/_rollover");
            await SearchRig.FillAsync(engine, 20);
            await engine.CallAsync(HttpMethod.Put, "/hidden", """{"settings":{"index.hidden":true,"number_of_replicas":0}}""");
            var component = SearchRig.Component(engine, $"user: backup, password: {{ file: /unused }}, ca: {engine.Authority}");
            var taken = await rig.BackUpAsync(component);
            Assert.DoesNotContain(taken.Said.Warnings, warning => warning.Code == Catalogue.SearchUnseen.Code); // nobody keeps it from the user
            await AssertCheckSeesWritesAsync(engine, component);
            await engine.CallAsync(HttpMethod.Delete, "/_data_stream/logs-*");
            await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
            await rig.RestoreAsync(component, taken, include: ["logs-app", "documents*"]);
            Assert.Equal("logs-app", string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_data_stream"))["data_streams"]!.AsArray().Select(stream => (string)stream!["name"]!)));
            Assert.Equal((2L, 20L), ((long)(await engine.CallAsync(HttpMethod.Get, "/logs-app/_count"))["count"]!, (long)(await engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!));
            Assert.Equal("documents_v2", await SearchRig.IndicesAsync(engine));
        }
        finally
        {
            await engine.CallAsync(HttpMethod.Delete, "/_data_stream/logs-*");
            await engine.CallAsync(HttpMethod.Delete, "/hidden");
        }
    }

    private static async Task AssertCheckSeesWritesAsync(SearchEngine engine, Components.Search.SearchComponent component)
    {
        var checking = component.Check.CheckAsync(SearchRig.Cancellation);
        while (!checking.IsCompleted) await engine.CallAsync(HttpMethod.Post, "/logs-other/_doc", """{"@timestamp":"2026-11-28T00:00:00Z"}""");
        var writes = (await checking).Single(line => line.Question == "writes");
        Assert.Equal((CheckState.Fail, true), (writes.State, writes.Found.Contains(".ds-logs-other-000001", StringComparison.Ordinal)));
    }
}
