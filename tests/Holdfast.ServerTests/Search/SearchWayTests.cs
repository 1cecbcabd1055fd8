using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;
using Holdfast.ServerTests.Postgres;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>What is in the way of a restore or a switch of real engines, and what only seems to be.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchWayTests(SearchEngines engines)
{
    [Fact]
    public async Task Names_that_do_not_fit_into_one_request_are_captured_and_restored()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        var names = Enumerable.Range(0, 25).Select(n => string.Create(CultureInfo.InvariantCulture, $"{new string('a', 198)}{n:00}")).ToList();
        foreach (var name in names) await engine.CallAsync(HttpMethod.Put, $"/{name}", """{"settings":{"number_of_shards":1,"number_of_replicas":0}}""");
        await SearchRig.WriteAsync(engine, names[24], 0, 3);
        var component = SearchRig.Component(engine, $"indices: [{string.Join(", ", names)}]");
        var taken = await rig.BackUpAsync(component);
        Assert.Equal((25, 3), (Assert.Single(taken.Manifest.Components).Counts["indices"], taken.Manifest.Components[0].Counts["documents"]));
        foreach (var name in names) await engine.CallAsync(HttpMethod.Delete, $"/{name}");
        var said = await rig.RestoreAsync(component, taken);
        Assert.Contains("25 indices of main have 3 documents, as at the snapshot.", said.Notes);
        Assert.Equal(string.Join(' ', names), await SearchRig.IndicesAsync(engine));
        await component.WatchRecoveryAsync(new StepCounters(), SearchRig.Cancellation);
    }

    [Fact]
    public async Task A_name_or_pattern_that_fits_nothing_is_told_and_takes_no_other_with_it()
    {
        var engine = await engines.BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        var taken = await rig.BackUpAsync(SearchRig.Component(engine, "indices: [stix_v4, nope, \"docments*\", documents]"));
        Assert.Equal(20, Assert.Single(taken.Manifest.Components).Counts["documents"]);
        var warning = Assert.Single(taken.Said.Warnings);
        Assert.Equal((Catalogue.SearchUnfit.Code, ExitCode.Incomplete), (warning.Code, warning.Exit));
        Assert.Contains("fits nope, docments*,", warning.Message, StringComparison.Ordinal);
        Assert.Empty((await rig.BackUpAsync(SearchRig.Component(engine, "indices: [\"stix*\", \"*\", \"-documents*\"]"))).Said.Warnings);
    }

    [Theory]
    [Engines]
    public async Task Documents_with_a_routing_value_are_not_written_a_second_time(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 20, "documents: { source: { SOURCE }, settings: { number_of_shards: 3 } }");
        await shop.ReindexAsync();
        foreach (var id in new[] { "e-1", "e-2" })
            await shop.Engine.CallAsync(HttpMethod.Put, $"/documents/_doc/{id}?routing=k&refresh=true&version=1&version_type=external", "{}");
        await shop.QueryAsync("UPDATE documents SET version = 2");
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchRouting, () => shop.SyncAsync());
        Assert.Contains("Documents of documents_v1", refused.Message, StringComparison.Ordinal);
        await ReindexTests.RefusedAsync(Catalogue.SearchRouting, () => shop.ReindexAsync());
        Assert.Equal(22, (long)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!);

        // Two of one id are found even when they came later.
        await shop.Engine.CallAsync(HttpMethod.Delete, "/documents/_doc/e-1?routing=k");
        await shop.Engine.CallAsync(HttpMethod.Delete, "/documents/_doc/e-2?routing=k&refresh=true");
        var steps = await shop.Component.PlanSyncAsync(shop.Request(), false, _ => { }, SearchRig.Cancellation);
        for (var shard = 0; shard < 3; shard++) await shop.Engine.CallAsync(HttpMethod.Put, $"/documents/_doc/d-1?routing={(char)('a' + shard)}&refresh=true", "{}");
        Assert.Contains("'d-1' is one", (await ReindexTests.RefusedAsync(Catalogue.SearchRouting, () => shop.ActAsync(steps))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Engines]
    public async Task An_alias_that_somebody_switches_while_an_index_is_built_stays_where_it_was_led(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 20);
        await shop.ReindexAsync();
        var steps = await shop.Component.PlanReindexAsync(shop.Request(), SearchRig.Cancellation);
        await shop.ActAsync(steps.SkipLast(1));
        await SwitchAsync("documents_v1", "theirs");
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => shop.ActAsync(steps.TakeLast(1)));
        Assert.Contains("from documents_v1 to theirs meanwhile, so it was not led to documents_v2", refused.Message, StringComparison.Ordinal);
        Assert.Equal("theirs", await shop.LedAsync());

        // Back, and with an alias more: that is led along.
        await SwitchAsync("theirs", "documents_v1");
        await shop.Engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"add":{"index":"documents_v1","alias":"more"}}]}""");
        await shop.ActAsync(steps.TakeLast(1));
        Assert.Equal(("documents_v2", "documents_v2"), (await shop.LedAsync(), await shop.LedAsync("more")));

        async Task SwitchAsync(string from, string to)
        {
            if (to == "theirs") await shop.Engine.CallAsync(HttpMethod.Put, "/theirs");
            await shop.Engine.CallAsync(HttpMethod.Post, "/_aliases", $$$"""{"actions":[{"remove":{"index":"{{{from}}}","alias":"documents"}},{"add":{"index":"{{{to}}}","alias":"documents"}}]}""");
        }
    }

    [Fact]
    public async Task A_request_that_an_engine_does_not_answer_ends()
    {
        var engine = await engines.BeginAsync("opensearch");
        var web = new WebServer(new WebSettings(engine.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)), new FixedSecret(""));
        const string path = "/_cluster/health?wait_for_nodes=99&timeout=60s"; // which it answers after a minute
        var late = await ReindexTests.RefusedAsync(Catalogue.WebUnreachable, () => web.SendAsync(HttpMethod.Get, path, null, TimeSpan.FromSeconds(1), SearchRig.Cancellation));
        Assert.EndsWith("/_cluster/health did not answer within 1 seconds.", late.Message, StringComparison.Ordinal);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => web.SendAsync(HttpMethod.Get, path, null, stop.Token));
        using var answer = await web.SendAsync(HttpMethod.Get, "/_cluster/health", null, SearchRig.Cancellation);
        Assert.True(answer.IsSuccess);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_of_several_indices_that_share_an_alias_comes_back_and_the_others_keep_it(bool overwrite)
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        await engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"add":{"index":"documents_v2","alias":"stix"}},{"add":{"index":"stix_v4","alias":"documents","is_write_index":false}}]}""");
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var aliases = JsonNode.Parse(await SearchRig.AliasesAsync(engine));
        await rig.RestoreAsync(component, taken, overwrite: overwrite, include: "documents_v2");
        if (!overwrite) await engine.CallAsync(HttpMethod.Delete, "/documents_v2.*");
        Assert.True(JsonNode.DeepEquals(aliases, JsonNode.Parse(await SearchRig.AliasesAsync(engine))), $"{aliases} became {await SearchRig.AliasesAsync(engine)}");

        // So does one that has it by now and had it not.
        await engine.CallAsync(HttpMethod.Put, "/late", """{"aliases":{"documents":{}}}""");
        var joined = await rig.RestoreAsync(component, taken, overwrite: true, include: "documents_v2");
        Assert.Contains(joined.Notes, note => note.StartsWith("documents_v2 joins the alias 'documents'", StringComparison.Ordinal));
        Assert.Equal("documents_v2 late stix_v4", string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_alias/documents")).AsObject().Select(index => index.Key).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [Engines]
    public async Task A_closed_index_in_the_way_is_named_before_anything_is_changed(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Post, "/stix_v4/_close");
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.PlanRestoreAsync(component, taken));
        Assert.StartsWith("stix_v4 of main is closed", refused.Message, StringComparison.Ordinal);
        await rig.RestoreAsync(component, taken, include: "documents*"); // that one is in nobody's way
        await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Equal(20, (long)(await engine.CallAsync(HttpMethod.Get, "/stix/_count"))["count"]!);
    }
}
