using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Templates of real engines that give new indices the alias which is to lead to them only when they are whole.</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class GivenAliasTests(SearchEngines engines)
{
    private const string Changed = "documents: { mapping: { properties: { n: { type: long } } }, source: { SOURCE } }";

    [Theory]
    [Engines]
    public async Task A_template_that_gives_the_alias_is_named_before_anything_is_made(string kind)
    {
        await using var shop = await BeginOldAsync(kind);
        await shop.Engine.CallAsync(HttpMethod.Put, "/_template/older", """{"index_patterns":["documents_v*"],"aliases":{"documents":{}}}""");
        await AssertRefusedAsync("older");

        // An index template puts the older ones out of use; of several the first by priority counts.
        await shop.Engine.CallAsync(HttpMethod.Put, "/_index_template/lower", """{"index_patterns":["doc*"],"priority":1,"template":{"aliases":{"documents":{}}}}""");
        await AssertRefusedAsync("lower");
        await shop.Engine.CallAsync(HttpMethod.Put, "/_component_template/part", """{"template":{"aliases":{"documents":{}}}}""");
        await shop.Engine.CallAsync(HttpMethod.Put, "/_index_template/higher", """{"index_patterns":["other","documents_v*"],"priority":2,"composed_of":["part"]}""");
        await AssertRefusedAsync("part");
        await shop.Engine.CallAsync(HttpMethod.Put, "/_index_template/higher", """{"index_patterns":["documents_v*"],"priority":2,"template":{"aliases":{"theirs":{}}}}""");
        await shop.ReindexAsync();
        Assert.Equal(("documents_v5", "documents_v5"), (await shop.LedAsync(), await shop.LedAsync("theirs")));

        async Task AssertRefusedAsync(string template)
        {
            foreach (var plan in new Func<Task>[] { () => shop.ReindexAsync(), () => shop.MigrateAsync() })
            {
                var problem = await ReindexTests.RefusedAsync(Catalogue.SearchAlias, plan);
                Assert.Contains($"The template '{template}' gives the alias 'documents'", problem.Message, StringComparison.Ordinal);
                Assert.Contains($"'{template}'", problem.Hint, StringComparison.Ordinal);
            }
            Assert.Equal(("documents_v4", "documents_v4"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
        }
    }

    [Fact]
    public async Task A_template_of_the_profile_that_gives_it_is_named_as_well()
    {
        await using var shop = await BeginOldAsync("opensearch", "templates: { own: { index_patterns: [\"documents_v*\"], aliases: { documents: {} } } }");
        Assert.Contains("The template 'own'", (await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => shop.MigrateAsync())).Message, StringComparison.Ordinal);
        await shop.ReindexAsync(); // it is not in the engine
        Assert.Equal("documents_v5", await shop.LedAsync());
    }

    [Theory]
    [Engines]
    public async Task The_first_index_has_the_alias_only_when_it_is_whole(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 50, Changed, "templates: { own: { index_patterns: [\"documents_v*\"], aliases: { documents: {}, theirs: {} } } }");
        await shop.MigrateAsync();
        Assert.Equal(("documents_v1", "documents_v1"), (await shop.LedAsync(), await shop.LedAsync("theirs")));
        await shop.Engine.CallAsync(HttpMethod.Delete, "/documents_v1");

        var steps = await shop.Component.PlanReindexAsync(shop.Request(), ShopIndices.Cancellation);
        await shop.ActAsync(steps.Take(2));
        Assert.Equal("theirs", await AliasesAsync(shop, "documents_v1"));
        await shop.ActAsync(steps.Skip(2));
        Assert.Equal(("documents theirs", await shop.WantedAsync()), (await AliasesAsync(shop, "documents_v1"), await shop.FoundAsync()));
    }

    [Fact]
    public async Task A_template_that_comes_after_the_plan_is_named_and_nothing_is_made()
    {
        await using var shop = await BeginOldAsync("elasticsearch");
        var (built, copied) = (await shop.Component.PlanReindexAsync(shop.Request(), ShopIndices.Cancellation), await shop.Component.PlanMigrateAsync(shop.Request(), ShopIndices.Cancellation));
        await GiveAsync(shop);
        await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => shop.ActAsync(built));
        await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => shop.ActAsync(copied));
        Assert.Equal(("documents_v4", "documents_v4"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
    }

    [Fact]
    public async Task Where_templates_may_not_be_read_the_alias_is_taken_off_at_once()
    {
        await using var shop = await BeginOldAsync("secure");
        await GiveAsync(shop);
        await using (await FewerRights.TakeAsync(shop.Engine, "cluster:admin/component_template/*", "indices:admin/index_template/*", "indices:admin/template/*"))
        {
            var steps = await shop.Component.PlanReindexAsync(shop.Request(), ShopIndices.Cancellation);
            await shop.ActAsync(steps.Take(1));
            Assert.Equal(("documents_v4", ""), (await shop.LedAsync(), await AliasesAsync(shop, "documents_v5")));
            await shop.ActAsync(steps.Skip(1));
            await shop.MigrateAsync();
        }
        Assert.Equal(("documents_v5", await shop.WantedAsync()), (await shop.LedAsync(), await shop.FoundAsync()));
    }

    /// <summary>As a run that is killed before the alias is taken off.</summary>
    [Fact]
    public async Task A_copy_that_has_the_alias_beside_the_old_index_is_taken_away()
    {
        await using var shop = await BeginOldAsync("opensearch");
        await shop.KillMigrationAsync(1);
        await shop.Engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"add":{"index":"documents_v5","alias":"documents"}}]}""");
        Assert.Empty(await shop.RecoverAsync());
        Assert.Equal(("documents_v4", "documents_v4"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents/_doc/late", """{"n":1}""");
    }

    private async Task<ShopIndices> BeginOldAsync(string kind, string more = "# nothing more")
    {
        var shop = await ShopIndices.BeginAsync(engines, kind, 50, Changed, more);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"keyword"}}},"aliases":{"documents":{}}}""");
        return shop;
    }

    private static Task GiveAsync(ShopIndices shop) => shop.Engine.CallAsync(HttpMethod.Put, "/_index_template/theirs", """{"index_patterns":["documents_v*"],"template":{"aliases":{"documents":{}}}}""");

    private static async Task<string> AliasesAsync(ShopIndices shop, string index) =>
        string.Join(' ', (await shop.Engine.CallAsync(HttpMethod.Get, $"/{index}/_alias"))[index]!["aliases"]!.AsObject().Select(alias => alias.Key).Order(StringComparer.Ordinal));
}
