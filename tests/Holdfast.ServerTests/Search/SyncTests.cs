using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>What differs between an index of a real engine and a real database is put right, and nothing else.</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class SyncTests(SearchEngines engines)
{
    private const string Change = """
        UPDATE documents SET version = 2, text = 'new ' || id WHERE n % 100 = 1;
        INSERT INTO documents SELECT 'n-' || g, 1, g, 'inserted' FROM generate_series(1, 7) g;
        DELETE FROM documents WHERE n % 500 = 2 AND id LIKE 'd-%'
        """;

    private const string ByField = "documents: { source: { database: DATABASE, version-field: about.version, sql: \"SELECT id, jsonb_build_object('n', n, 'text', text, 'about', jsonb_build_object('version', version)) AS document FROM documents\" } }";

    [Theory]
    [Engines(Secure = true)]
    public async Task Only_what_differs_is_copied(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 3000);
        await shop.ReindexAsync();
        Assert.True((await shop.SyncAsync()).IsEqual);
        await shop.QueryAsync(Change);
        var dry = await shop.SyncAsync(isDry: true);
        Assert.Equal((7, 30, 6, 0, 0), (dry.Missing, dry.Outdated, dry.Surplus, dry.Written, dry.Deleted));
        Assert.NotEqual(await shop.WantedAsync(), await shop.FoundAsync());
        var synced = await shop.SyncAsync();
        Assert.Equal((7, 30, 6, 37, 6, 0), (synced.Missing, synced.Outdated, synced.Surplus, synced.Written, synced.Deleted, synced.LeftAlone));
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
        Assert.True((await shop.SyncAsync(isDry: true)).IsEqual);
    }

    [Theory]
    [Engines]
    public async Task A_field_of_the_document_can_be_its_version(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 1000, ByField);
        await shop.ReindexAsync();
        Assert.True((await shop.SyncAsync()).IsEqual);
        await shop.QueryAsync(Change);
        var synced = await shop.SyncAsync();
        Assert.Equal((7, 10, 2, 17, 2), (synced.Missing, synced.Outdated, synced.Surplus, synced.Written, synced.Deleted));
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
        Assert.True((await shop.SyncAsync(isDry: true)).IsEqual);
    }

    [Theory]
    [Engines]
    public async Task A_database_that_was_brought_back_in_time_takes_the_index_back_with_it(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 300);
        await shop.QueryAsync("UPDATE documents SET version = 9, text = 'later' WHERE n <= 20");
        await shop.ReindexAsync();
        await shop.QueryAsync("UPDATE documents SET version = 3, text = 'earlier' WHERE n <= 20");
        var synced = await shop.SyncAsync();
        Assert.Equal((20, 20, 0), (synced.Outdated, synced.Written, synced.Deleted));
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
        Assert.Equal(3, await shop.VersionAsync("d-1"));
        Assert.True((await shop.SyncAsync(isDry: true)).IsEqual);
    }

    /// <summary>The platform writes to both, now the one and then the other first, as platforms do.</summary>
    [Theory]
    [InlineData("documents: { source: { SOURCE } }", "index", ",\"version_type\":\"external\",\"version\":VERSION")]
    [InlineData(ByField, "index", "")]
    public async Task While_the_platform_writes_nothing_newer_is_overwritten(string indices, string action, string versioned)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 2000, indices);
        await shop.ReindexAsync();
        await shop.QueryAsync("UPDATE documents SET version = 2, text = 'behind the back of the platform' WHERE n % 10 = 1");
        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(shop, action, versioned, stop.Token);
        for (var i = 0; i < 5; i++) await shop.SyncAsync();
        await stop.CancelAsync();
        Assert.True(await writing > 3, "The platform wrote too little for this to prove anything.");
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
    }

    [Fact]
    public async Task What_was_written_during_a_reindex_is_mended_by_a_sync_and_only_that()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 20_000);
        await shop.ReindexAsync();
        var building = shop.ReindexAsync();
        var changed = 0;
        while (!building.IsCompleted) await shop.QueryAsync($"UPDATE documents SET version = version + 1, text = 'while it is built' WHERE n = {++changed}");
        await building;
        Assert.True(changed > 3, "Too little was written for this to prove anything.");
        Assert.Equal("documents_v2", await shop.LedAsync());
        var synced = await shop.SyncAsync();
        Assert.InRange(synced.Outdated, 1, changed);
        Assert.Equal((synced.Outdated, 0, 0), (synced.Written, synced.Missing, synced.Surplus));
        Assert.True((await shop.SyncAsync(isDry: true)).IsEqual);
    }

    [Fact]
    public async Task An_index_that_is_not_there_is_not_synced()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 5);
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchIndex, () => shop.SyncAsync());
        Assert.Contains("No index is behind the alias 'documents'", problem.Message, StringComparison.Ordinal);
        Assert.Contains("holdfast search reindex documents", problem.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_and_a_profile_that_disagree_on_a_field_are_told_apart_before_anything_is_written()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 5, "documents: { mapping: { properties: { n: { type: long } } }, source: { SOURCE } }");
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_v1", """{"mappings":{"properties":{"n":{"type":"keyword"}}},"aliases":{"documents":{}}}""");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchMapping, () => shop.SyncAsync());
        Assert.Equal("field n: keyword -> long (needs a new index)", Assert.Single(problem.Details));
    }

    private static async Task<int> WriteAsync(ShopIndices shop, string action, string versioned, CancellationToken stop)
    {
        var count = 0;
        while (!stop.IsCancellationRequested)
        {
            count++;
            var row = await shop.QueryAsync($"UPDATE documents SET version = version + 1, text = 'by the platform {count}' WHERE n = {(count * 10) + 1} RETURNING id || '|' || version || '|' || n");
            var (id, version, n) = (row.Split('|')[0], row.Split('|')[1], row.Split('|')[2]);
            await shop.Engine.CallAsync(HttpMethod.Post, "/documents/_bulk", $$$"""
                {"{{{action}}}":{"_id":"{{{id}}}"{{{versioned.Replace("VERSION", version, StringComparison.Ordinal)}}}}}
                {"n":{{{n}}},"text":"by the platform {{{count}}}","about":{"version":{{{version}}}}}

                """.ReplaceLineEndings("\n"));
        }
        return count;
    }
}
