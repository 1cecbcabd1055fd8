using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Search;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>What strangers met when their indices were built, migrated and synchronised. Of real engines.</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class IndexCaseTests(SearchEngines engines)
{
    /// <summary>Documents that went through a pipeline once must not go through it again; here each pipeline is gone, so that going through it fails.</summary>
    [Theory]
    [Engines]
    public async Task A_copy_runs_no_pipeline_over_its_documents_and_has_both_pipelines_afterwards(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 50, "documents: { settings: { number_of_shards: 2, number_of_replicas: 0 }, source: { SOURCE } }");
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v1", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"aliases":{"documents":{}}}""");
        await shop.SyncAsync();
        var found = await shop.FoundAsync();
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v1/_settings", """{"index.default_pipeline":"gone","index.final_pipeline":"gone too"}""");
        await shop.MigrateAsync();
        Assert.Equal(("documents_v2", found), (await shop.LedAsync(), await shop.FoundAsync()));
        var settings = (await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v2/_settings?flat_settings=true"))["documents_v2"]!["settings"]!;
        Assert.Equal(("gone", "gone too"), ((string?)settings["index.default_pipeline"], (string?)settings["index.final_pipeline"]));
    }

    /// <summary>Small windows, blocks for writes, parameters that an engine can change, and sources that are not whole.</summary>
    [Theory]
    [Engines]
    public async Task What_an_index_allows_is_used_and_what_it_forbids_is_named_before_anything_is_written(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 250, """
            documents: { mapping: { properties: { n: { type: integer }, text: { type: text, norms: false } } }, source: { SOURCE } }
            partial:
              settings: { number_of_shards: 2 }
              source: { database: DATABASE, sql: "SELECT id, n, jsonb_build_object('n', n) AS document FROM documents", version-field: n }
            """);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v1", """{"settings":{"number_of_shards":1,"number_of_replicas":0,"max_result_window":100},"mappings":{"properties":{"n":{"type":"integer"},"text":{"type":"text"}}},"aliases":{"documents":{}}}""");
        await shop.Engine.CallAsync(HttpMethod.Put, "/partial_v1", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"mappings":{"_source":{"excludes":["n"]}},"aliases":{"partial":{}}}""");
        Assert.Equal(250, (await shop.SyncAsync()).Written);
        Assert.True((await shop.SyncAsync(isDry: true)).IsEqual);

        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v1/_settings", """{"index.blocks.write":true}""");
        var blocked = await ReindexTests.RefusedAsync(Catalogue.SearchBlocked, () => shop.SyncAsync());
        Assert.Contains("index.blocks.write", blocked.Message, StringComparison.Ordinal);
        Assert.True((await shop.SyncAsync(isDry: true)).IsEqual);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v1/_settings", """{"index.blocks.write":null}""");

        var changed = Assert.Single(await shop.Component.PlanMigrateAsync(shop.Request(), SearchRig.Cancellation));
        Assert.StartsWith("norms of field text: true -> false (needs a new index, unless the engine changes it in place).", changed.Does, StringComparison.Ordinal);
        await shop.ActAsync([changed]);
        Assert.Equal("documents_v1", await shop.LedAsync());
        Assert.Equal("False", (await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v1/_mapping"))["documents_v1"]!["mappings"]!["properties"]!["text"]!["norms"]!.GetValue<bool>().ToString());

        var hidden = await ReindexTests.RefusedAsync(Catalogue.SearchDefinition, () => shop.Component.PlanSyncAsync(shop.Request("partial"), isDry: true, _ => { }, SearchRig.Cancellation));
        Assert.Contains("keeps 'n' out of _source", hidden.Message, StringComparison.Ordinal);
        var partial = await ReindexTests.RefusedAsync(Catalogue.SearchMigrate, () => shop.Component.PlanMigrateAsync(shop.Request("partial"), SearchRig.Cancellation));
        Assert.Contains("holdfast search reindex partial", partial.Hint, StringComparison.Ordinal);
    }
}
