using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>What a point of a real engine lacks, and what a restore leaves out, is told.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class UnreadableIndexTests(SearchEngines engines)
{
    [Theory]
    [Engines("index.blocks.metadata")]
    [Engines("index.blocks.read")]
    public async Task An_index_that_can_not_be_read_is_named_and_costs_the_others_nothing(string kind, string block)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 30);
        var documents = await SearchRig.DocumentsAsync(engine, "stix_v4");
        foreach (var more in new[] { "", "capture: [\"documents*\", \"stix*\"]", "capture: [documents_v2, stix_v4]" })
        {
            var component = SearchRig.Component(engine, more);
            var taken = await BlockedAsync(() => rig.BackUpAsync(component));
            var problem = Assert.Single(taken.Said.Warnings, warning => warning.Code == Catalogue.SearchUnreadable.Code);
            Assert.Contains($"documents_v2 ({block})", problem.Message, StringComparison.Ordinal);
            Assert.Equal(ExitCode.Incomplete, problem.Exit);
            Assert.DoesNotContain(taken.Said.Warnings, warning => warning.Code == Catalogue.SearchUnfit.Code || warning.Code == Catalogue.SearchUnseen.Code);
            await engine.CallAsync(HttpMethod.Delete, "/stix_v4");
            var said = await rig.RestoreAsync(component, taken);
            Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "stix_v4"));
            Assert.Contains("1 index of main has 30 documents, as at the snapshot.", said.Notes);
        }

        async Task<T> BlockedAsync<T>(Func<Task<T>> act)
        {
            await SetAsync("true");
            try
            {
                return await act();
            }
            finally
            {
                await SetAsync("null"); // the engine is shared, and nothing of a cluster can be listed that has such an index
            }
        }

        Task SetAsync(string value) => engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", $$"""{"{{block}}":{{value}} }""");
    }

    [Fact]
    public async Task A_pattern_that_nothing_of_the_point_fits_is_told_in_the_plan_and_by_the_restore()
    {
        var engine = await engines.BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        string[] include = ["stix*", "dokuments*"];
        var plan = await rig.PlanRestoreAsync(component, taken, include: include);
        Assert.Contains(plan, step => step.Does.Contains("no index that fits dokuments*", StringComparison.Ordinal));
        var said = await rig.RestoreAsync(component, taken, include: include);
        Assert.Contains("fits dokuments*", Assert.Single(said.Warnings).Message, StringComparison.Ordinal);
        Assert.Equal("stix_v4", await SearchRig.IndicesAsync(engine));
    }

    /// <summary>A staging system with the same profile, whose snapshots lie in the same directory.</summary>
    [Fact]
    public async Task Snapshots_of_another_cluster_of_the_same_name_are_left_alone()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        var component = SearchRig.Component(engine);
        await rig.BackUpAsync(component);
        foreach (var (name, identity) in new[] { ("theirs", "another"), ("older", "") })
            await engine.CallAsync(HttpMethod.Put, $"/_snapshot/holdfast/{name}?wait_for_completion=true", $$"""
                {"indices":"stix_v4","metadata":{"holdfast-run":"20261101T000000-0001","holdfast-platform":"{{SearchRig.Platform}}","holdfast-cluster":"main","holdfast-cluster-uuid":"{{identity}}","holdfast-passing":true} }
                """);
        var said = (await rig.BackUpAsync(component)).Said;
        await rig.BackUpAsync(component);
        await rig.BackUpAsync(component);
        var left = await SearchRig.SnapshotsAsync(engine);
        Assert.Contains("theirs", left);
        Assert.DoesNotContain("older", left);
        Assert.Contains(said.Notes, note => note.StartsWith("1 older snapshot in the repository", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_disk_that_is_full_ends_a_build_at_once_and_says_what_to_do()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "elasticsearch", 50);
        await shop.ReindexAsync();
        var steps = await shop.Component.PlanSyncAsync(shop.Request(), isDry: false, _ => { }, ShopIndices.Cancellation);
        await shop.QueryAsync("UPDATE documents SET n = n + 1, version = version + 1");
        await shop.Engine.CallAsync(HttpMethod.Put, $"/{await shop.LedAsync()}/_settings", """{"index.blocks.read_only_allow_delete":true}""");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchBlocked, () => shop.ActAsync(steps));
        Assert.Contains("read-only-allow-delete", problem.Message, StringComparison.Ordinal);
        Assert.Contains("make room", problem.Hint, StringComparison.Ordinal);
        await shop.Engine.CallAsync(HttpMethod.Put, $"/{await shop.LedAsync()}/_settings", """{"index.blocks.read_only_allow_delete":null}""");
        await shop.SyncAsync();
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
    }

    /// <summary>Documents of Kibana's index are compared when nobody wrote to it meanwhile, as those of any other.</summary>
    [Fact]
    public async Task Documents_of_a_tools_index_are_compared_with_those_at_the_snapshot()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.WriteAsync(engine, ".kibana_3", 0, 7);
        var component = SearchRig.Component(engine, "capture: [\".kibana_3\"]");
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Delete, "/.kibana_3");
        Assert.Contains("1 index of main has 7 documents, as at the snapshot.", (await rig.RestoreAsync(component, taken)).Notes);
    }
}
