using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>An index of a real engine that one run has begun and another one goes on with, while the platform writes its database.</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class ReindexResumeTests(SearchEngines engines)
{
    [Theory]
    [Engines(1, 1, 2)]
    [InlineData("opensearch", 9, 2, 1)] // some of what is begun is ahead of the database, so that it is deleted and written anew
    public async Task What_is_deleted_from_the_database_before_and_while_a_reindex_goes_on_is_not_missed(string kind, int begun, int reading, int gone)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 200);
        await shop.QueryAsync($"UPDATE documents SET version = {begun} WHERE n <= 20");
        await shop.ActAsync((await shop.Component.PlanReindexAsync(shop.Request(), ShopIndices.Cancellation)).Take(2)); // made and filled, so far
        await shop.QueryAsync("INSERT INTO documents SELECT 'd-' || g, 1, g, 'late' FROM generate_series(201, 300) g; UPDATE documents SET version = 3 WHERE n <= 10; DELETE FROM documents WHERE n BETWEEN 51 AND 60");

        // One that is to be written anew, one that is as it should be, two that are missing; and one that is to be deleted comes back.
        var source = new MeddlingSource(shop.Request().Sources[0], reading, () => shop.QueryAsync("DELETE FROM documents WHERE n IN (1, 100, 299, 300); INSERT INTO documents VALUES ('d-60', 1, 60, 'back')"));
        await shop.ReindexAsync(request => request with { Sources = [source] });
        Assert.Equal("documents_v1", await shop.LedAsync());
        Assert.Contains($"Meanwhile {gone} that were to be written were deleted from the database, and 1 that were to be deleted came back.", shop.Said.Notes);

        await shop.QueryAsync("UPDATE documents SET version = 2 WHERE n = 60"); // what came back had another text under the same version
        Assert.Equal((4 - gone, 1), await SurplusAsync(shop)); // what went after the comparison
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
    }

    private static async Task<(long Surplus, long Outdated)> SurplusAsync(ShopIndices shop)
    {
        var synced = await shop.SyncAsync();
        return (synced.Surplus, synced.Outdated);
    }
}
