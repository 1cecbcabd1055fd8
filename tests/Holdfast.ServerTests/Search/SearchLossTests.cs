using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A statement that suddenly gives nothing, or a database that is the wrong one, takes no documents away from a real engine.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchLossTests(SearchEngines engines)
{
    [Theory]
    [Engines]
    public async Task A_sync_that_would_delete_most_of_an_index_is_refused_unless_that_is_allowed(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 300);
        await shop.ReindexAsync();
        await shop.QueryAsync("UPDATE documents SET version = 2 WHERE n = 300; DELETE FROM documents WHERE n <= 151");
        Assert.Contains("151 of the 300 in documents_v1 would be deleted", (await ReindexTests.RefusedAsync(Catalogue.SearchLoss, () => shop.SyncAsync())).Message, StringComparison.Ordinal);
        Assert.Equal((300, 1), (await CountAsync(shop, "documents_v1"), await shop.VersionAsync("d-300")));
        Assert.Equal((151, 1), await DifferencesAsync(shop));

        await shop.QueryAsync("INSERT INTO documents SELECT 'd-1', 1, 1, 'one'");
        Assert.Equal(150, (await shop.SyncAsync()).Deleted); // half of it may go
        await shop.QueryAsync("DELETE FROM documents WHERE n <> 300");
        Assert.Contains("--allow-deletions", (await ReindexTests.RefusedAsync(Catalogue.SearchLoss, () => shop.SyncAsync())).Hint, StringComparison.Ordinal);
        Assert.Equal(149, (await shop.SyncAsync(allowDeletions: true)).Deleted);

        // Of few documents most may go, but not all.
        await shop.QueryAsync("DELETE FROM documents");
        await ReindexTests.RefusedAsync(Catalogue.SearchLoss, () => shop.SyncAsync());
        Assert.Equal(1, await CountAsync(shop, "documents_v1"));
        Assert.Equal(1, (await shop.SyncAsync(allowDeletions: true)).Deleted);
    }

    [Fact]
    public async Task An_alias_is_led_to_no_empty_index_and_so_the_last_full_one_is_not_deleted()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 50);
        await shop.ReindexAsync();
        await shop.QueryAsync("DELETE FROM documents");
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchLoss, () => shop.ReindexAsync(request => request with { DropOld = true }));
        Assert.Contains("documents_v1, which it leads to, has 50", refused.Message, StringComparison.Ordinal);
        Assert.Equal(("documents_v1", 50), (await shop.LedAsync(), await CountAsync(shop, "documents_v1")));
        await ReindexTests.RefusedAsync(Catalogue.SearchLoss, () => shop.ReindexAsync()); // nor when the next run goes on
        await shop.ReindexAsync(request => request with { AllowEmpty = true });
        Assert.Equal(("documents_v2", 50), (await shop.LedAsync(), await CountAsync(shop, "documents_v1")));
    }

    private static async Task<(long Surplus, long Outdated)> DifferencesAsync(ShopIndices shop)
    {
        var dry = await shop.SyncAsync(isDry: true);
        return (dry.Surplus, dry.Outdated);
    }

    private static async Task<long> CountAsync(ShopIndices shop, string index)
    {
        await shop.Engine.CallAsync(HttpMethod.Post, $"/{index}/_refresh");
        return (long)(await shop.Engine.CallAsync(HttpMethod.Get, $"/{index}/_count"))["count"]!;
    }
}
