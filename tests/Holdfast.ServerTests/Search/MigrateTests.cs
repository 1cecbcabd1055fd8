using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Indices of real engines are brought to what the profile wants.</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class MigrateTests(SearchEngines engines)
{
    private const string Wanted = """
        documents:
          mapping: { properties: { n: { type: long }, text: { type: text, fields: { raw: { type: keyword, ignore_above: 256 } } } } }
          settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: 5s }
          aliases: { everything: {}, small: { filter: { range: { n: { lt: 10 } } } } }
        """;

    private const string Templates = "templates: { shop: { index_patterns: [\"shop-*\"], settings: { number_of_shards: 3 }, mappings: { properties: { at: { type: date } } } } }";

    [Theory]
    [Engines(Secure = true)]
    public async Task Nothing_becomes_what_is_wanted_and_the_second_time_nothing_is_to_do(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 0, Wanted, Templates);
        Assert.Equal(["Put the template shop", "Make documents_v1"], (await PlanAsync(shop)).Select(step => step.Name));
        await shop.MigrateAsync();
        Assert.Equal(("documents_v1", "documents_v1"), (await shop.LedAsync(), await shop.LedAsync("small")));
        Assert.Empty(await PlanAsync(shop));

        var differing = new List<string>();
        await shop.Engine.CallAsync(HttpMethod.Delete, "/_template/shop");
        Assert.Equal("Put the template shop", Assert.Single(await shop.Component.PlanMigrateAsync(shop.Request(), differing.Add, ShopIndices.Cancellation)).Name);
        Assert.Empty(differing);
        await shop.Engine.CallAsync(HttpMethod.Delete, "/documents_v1");
        await shop.Component.PlanMigrateAsync(shop.Request(), differing.Add, ShopIndices.Cancellation);
        Assert.Equal(["documents"], differing);
    }

    [Theory]
    [Engines]
    public async Task What_the_engine_can_change_is_changed_in_place(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 0, Wanted);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"mappings":{"_meta":{"theirs":1},"properties":{"n":{"type":"long"},"old":{"type":"keyword"}}},"aliases":{"documents":{}}}""");
        var step = Assert.Single(await PlanAsync(shop));
        Assert.Equal("Change documents_v4", step.Name);
        Assert.Contains("field text: not there -> ", step.Does, StringComparison.Ordinal);
        Assert.Contains("index.refresh_interval: not there -> 5s", step.Does, StringComparison.Ordinal);
        await shop.MigrateAsync();
        Assert.Equal("documents_v4", await shop.LedAsync("everything"));
        Assert.Empty(await PlanAsync(shop));
        Assert.Equal(1, (int)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v4/_mapping"))["documents_v4"]!["mappings"]!["_meta"]!["theirs"]!);
    }

    [Theory]
    [Engines(Secure = true)]
    public async Task What_it_can_not_change_is_copied_and_every_document_keeps_its_content_and_version(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 1500, $"{Wanted}\n  source: {{ SOURCE }}");
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4", """{"settings":{"number_of_shards":2,"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"long"}}},"aliases":{"documents":{},"theirs":{"filter":{"term":{"n":"3"}}}}}""");
        await shop.QueryAsync("UPDATE documents SET version = 5 WHERE n = 3");
        await shop.SyncAsync();
        var before = await shop.FoundAsync();
        Assert.Equal(["Make documents_v5", "Copy documents_v4 to documents_v5", "Check documents_v5", "Lead 'documents' to documents_v5"], (await PlanAsync(shop)).Select(step => step.Name));
        await shop.MigrateAsync();
        Assert.Equal(("documents_v5", "documents_v5", "documents_v5"), (await shop.LedAsync(), await shop.LedAsync("theirs"), await shop.LedAsync("small")));
        Assert.Equal(before, await shop.FoundAsync());
        Assert.Equal((1, 5), (await shop.VersionAsync("d-1"), await shop.VersionAsync("d-3")));
        Assert.Empty(await PlanAsync(shop));
        Assert.True((await shop.SyncAsync(isDry: true)).IsEqual);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4/_doc/late", """{"n":1}"""); // it can be written again
    }

    /// <summary>As a run that is killed after each of its steps, and the recovery that the next run begins with.</summary>
    [Theory]
    [InlineData(1, "documents_v4")]
    [InlineData(2, "documents_v4")]
    [InlineData(3, "documents_v4")]
    public async Task A_migration_that_is_cut_off_is_undone_by_the_next_run(int steps, string led)
    {
        await using var shop = await BeginOldAsync("opensearch");
        await shop.KillMigrationAsync(steps);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => shop.Engine.CallAsync(HttpMethod.Put, "/documents/_doc/late", """{"n":1}"""));
        Assert.Contains("cluster_block_exception", refused.Message, StringComparison.Ordinal); // blocked, not lost
        Assert.Empty(await shop.RecoverAsync());
        Assert.Equal((led, "documents_v4"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents/_doc/late", """{"n":1}""");
        await shop.MigrateAsync();
        Assert.Equal("documents_v5", await shop.LedAsync());
    }

    [Fact]
    public async Task A_migration_that_is_cut_off_while_the_engine_copies_leaves_nothing_that_copies_on()
    {
        await using var shop = await BeginOldAsync("elasticsearch", "requests-per-second: 100");
        using var killed = CancellationTokenSource.CreateLinkedTokenSource(ShopIndices.Cancellation);
        shop.MayOwe = true;
        var copying = shop.MigrateAsync(new RunHooks { Dies = true }, killed.Token);
        await Eventually.HoldsAsync("the engine copies", async () => (await shop.Engine.CallAsync(HttpMethod.Get, "/_tasks?actions=*reindex")).ToJsonString().Contains("reindex", StringComparison.Ordinal));
        await killed.CancelAsync();
        await Assert.ThrowsAsync<ProblemException>(() => copying);
        Assert.Empty(await shop.RecoverAsync());
        // A task that lives would make the index again.
        Assert.DoesNotContain("reindex", (await shop.Engine.CallAsync(HttpMethod.Get, "/_tasks?actions=*reindex")).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("documents_v4", await SearchRig.IndicesAsync(shop.Engine));
    }

    [Fact]
    public async Task Who_may_not_cancel_a_task_has_the_old_index_written_again_and_the_copy_gone_when_the_task_ends()
    {
        await using var shop = await BeginOldAsync("secure", "requests-per-second: 100");
        using var killed = CancellationTokenSource.CreateLinkedTokenSource(ShopIndices.Cancellation);
        shop.MayOwe = true;
        var copying = shop.MigrateAsync(new RunHooks { Dies = true }, killed.Token);
        JsonObject tasks = [];
        await Eventually.HoldsAsync("the engine copies", async () => (tasks = (await shop.Engine.CallAsync(HttpMethod.Get, "/_tasks?actions=*reindex&group_by=parents"))["tasks"]!.AsObject()).Count > 0);
        await killed.CancelAsync();
        await Assert.ThrowsAsync<ProblemException>(() => copying);

        var task = Assert.Single(tasks).Key;
        var refused = Assert.Single(await shop.RecoverAsync());
        Assert.Contains("'cluster:admin/tasks/cancel'", refused.Hint, StringComparison.Ordinal);
        Assert.Contains($"POST _tasks/{task}/_cancel", refused.Hint, StringComparison.Ordinal);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents/_doc/late", """{"n":1}""");
        Assert.Equal("documents_v4", await shop.LedAsync());

        await shop.Engine.CallAsync(HttpMethod.Post, $"/_tasks/{task}/_cancel?wait_for_completion=true");
        Assert.Empty(await shop.RecoverAsync());
        Assert.Equal("documents_v4", await SearchRig.IndicesAsync(shop.Engine));
    }

    [Fact]
    public async Task A_migration_that_is_cut_off_after_its_switch_stays_switched()
    {
        await using var shop = await BeginOldAsync("opensearch");
        await shop.KillMigrationAsync(3);
        await shop.Engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"remove":{"index":"documents_v4","alias":"documents"}},{"add":{"index":"documents_v5","alias":"documents"}}]}""");
        Assert.Empty(await shop.RecoverAsync());
        Assert.Equal("documents_v5", await shop.LedAsync());
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4/_doc/late", """{"n":1}""");
    }

    [Fact]
    public async Task A_document_that_the_new_mapping_rejects_changes_nothing()
    {
        await using var shop = await BeginOldAsync("opensearch");
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4/_doc/bad?refresh=true", """{"n":"no number"}""");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.MigrateAsync());
        Assert.StartsWith("bad: ", Assert.Single(problem.Details), StringComparison.Ordinal);
        Assert.Equal(("documents_v4", "documents_v4"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
    }

    [Fact]
    public async Task What_the_engine_would_write_in_another_way_is_told_instead_of_copied_each_time()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 0, "documents: { mapping: { properties: { at: { type: date, format: strict_date, locale: ROOT } } } }");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchDefinition, () => shop.MigrateAsync());
        Assert.Contains("locale of field at", Assert.Single(problem.Details), StringComparison.Ordinal);
        Assert.Equal("", await SearchRig.IndicesAsync(shop.Engine));
    }

    [Fact]
    public async Task An_alias_that_leads_elsewhere_is_refused()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 0, Wanted);
        await shop.Engine.CallAsync(HttpMethod.Put, "/other", """{"aliases":{"everything":{}}}""");
        Assert.Contains("leads to other", (await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => shop.MigrateAsync())).Message, StringComparison.Ordinal);
    }

    private async Task<ShopIndices> BeginOldAsync(string kind, string more = "# nothing more")
    {
        var shop = await ShopIndices.BeginAsync(engines, kind, 0, Wanted, more);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v4", """{"settings":{"number_of_shards":1,"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"keyword"}}},"aliases":{"documents":{}}}""");
        await SearchRig.WriteAsync(shop.Engine, "documents_v4", 0, 3000);
        return shop;
    }

    private static Task<IReadOnlyList<Engine.Planning.Step>> PlanAsync(ShopIndices shop) =>
        shop.Component.PlanMigrateAsync(shop.Request(), ShopIndices.Cancellation);
}
