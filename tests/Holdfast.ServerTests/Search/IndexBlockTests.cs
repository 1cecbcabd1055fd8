using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Blocks that are set on indices of real engines: named before anything is made, and in nobody's way back.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class IndexBlockTests(SearchEngines engines)
{
    private const string Changed = "documents: { mapping: { properties: { n: { type: TYPE } } }, aliases: [everything], source: { SOURCE } }";

    [Theory]
    [Engines("long")] // a new index
    [InlineData("opensearch", "keyword")] // in place
    public async Task A_blocked_index_is_named_with_its_block_before_anything_is_made(string kind, string type)
    {
        await using var shop = await BeginOldAsync(kind, type);
        foreach (var block in new[] { "index.blocks.read_only", "index.blocks.read_only_allow_delete", "index.blocks.metadata" })
        {
            await BlockAsync(shop, "documents_v4", block, true);
            foreach (var plan in new Func<Task>[] { () => shop.Component.PlanReindexAsync(shop.Request(), ShopIndices.Cancellation), () => shop.Component.PlanMigrateAsync(shop.Request(), ShopIndices.Cancellation) })
            {
                var problem = await ReindexTests.RefusedAsync(Catalogue.SearchBlocked, plan);
                Assert.Contains(block == "index.blocks.metadata" ? "index metadata" : $"has the block {block},", problem.Message, StringComparison.Ordinal);
                Assert.Contains("_settings {\"index.blocks.", problem.Hint, StringComparison.Ordinal);
            }
            await BlockAsync(shop, "documents_v4", block, null); // as the hint says
        }
        Assert.Equal("documents_v4", await SearchRig.IndicesAsync(shop.Engine));
        await shop.MigrateAsync();
        await BlockAsync(shop, await shop.LedAsync(), "index.blocks.write", true); // in nobody's way
        await shop.ReindexAsync();
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
    }

    [Fact]
    public async Task An_index_that_was_begun_and_is_blocked_is_named_before_it_is_gone_on_with()
    {
        await using var shop = await BeginOldAsync("elasticsearch", "long");
        await shop.ActAsync((await shop.Component.PlanReindexAsync(shop.Request(), ShopIndices.Cancellation)).Take(2));
        await BlockAsync(shop, "documents_v5", "index.blocks.write", true);
        Assert.Contains("documents_v5", (await ReindexTests.RefusedAsync(Catalogue.SearchBlocked, () => shop.ReindexAsync())).Message, StringComparison.Ordinal);
        await BlockAsync(shop, "documents_v5", "index.blocks.write", null);
        await shop.ReindexAsync();
        Assert.Equal(("documents_v5", await shop.WantedAsync()), (await shop.LedAsync(), await shop.FoundAsync()));
    }

    /// <summary>As a disk that gets full while the engine copies: the copy goes, which makes room.</summary>
    [Theory]
    [Engines]
    public async Task A_block_that_comes_while_an_index_is_copied_is_no_matter_of_rights_and_the_copy_goes(string kind)
    {
        await using var shop = await BeginOldAsync(kind, "long");
        var steps = await shop.Component.PlanMigrateAsync(shop.Request(), ShopIndices.Cancellation);
        await shop.KillMigrationAsync(1);
        await BlockAsync(shop, "documents_v4", "index.blocks.read_only_allow_delete", true);
        Assert.StartsWith(Catalogue.SearchBlocked.Hint, Assert.Single(await shop.RecoverAsync()).Hint, StringComparison.Ordinal);
        Assert.Equal("documents_v4", await SearchRig.IndicesAsync(shop.Engine));
        await BlockAsync(shop, "documents_v4", "index.blocks.read_only_allow_delete", null);
        Assert.Empty(await shop.RecoverAsync());
        shop.MayOwe = false;
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents/_doc/late", """{"n":1}""");

        await BlockAsync(shop, "documents_v4", "index.blocks.read_only", true);
        await ReindexTests.RefusedAsync(Catalogue.SearchBlocked, () => shop.ActAsync(steps.Take(1))); // its undo has nothing to write
        Assert.Equal("documents_v4", await SearchRig.IndicesAsync(shop.Engine));
    }

    [Theory]
    [Engines]
    public async Task A_restore_owes_nothing_that_can_not_be_done_when_the_index_is_blocked_meanwhile(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await SearchAsideTests.KilledAsync(rig, component, taken);
        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", """{"index.blocks.read_only_allow_delete":true}"""); // the disk is full meanwhile; before, the plan refuses it
        Assert.Empty((await rig.RecoverAsync(component)).Failures);
        Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));
        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", """{"index.blocks.read_only_allow_delete":null}""");
        await SearchRig.WriteAsync(engine, "documents_v2", 100, 1);
    }

    private async Task<ShopIndices> BeginOldAsync(string kind, string type)
    {
        var shop = await ShopIndices.BeginAsync(engines, kind, 50, Changed.Replace("TYPE", type, StringComparison.Ordinal));
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"keyword"}}},"aliases":{"documents":{}}}""");
        return shop;
    }

    private static Task<JsonNode> BlockAsync(ShopIndices shop, string index, string block, bool? value) =>
        shop.Engine.CallAsync(HttpMethod.Put, $"/{index}/_settings", new JsonObject { [block] = value }.ToJsonString());
}
