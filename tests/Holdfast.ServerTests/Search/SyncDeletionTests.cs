using Holdfast.Engine.Planning;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A real engine remembers the version of what was deleted, and refuses older ones (HTTP 409).</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class SyncDeletionTests(SearchEngines engines)
{
    [Theory]
    [Engines(Secure = true)]
    public async Task A_document_that_was_deleted_in_a_newer_version_is_written_all_the_same(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 300);
        await shop.ReindexAsync();
        for (var n = 1; n <= 3; n++) await shop.Engine.CallAsync(HttpMethod.Delete, $"/documents/_doc/d-{n}?version=9&version_type=external&refresh=true");
        var synced = await shop.SyncAsync();
        Assert.Equal((3, 3, 0, 0), (synced.Missing, synced.Written, synced.LeftAlone, synced.Lacking));
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
        Assert.Empty(shop.Said.Warnings);
    }

    [Theory]
    [InlineData("elasticsearch", null)]
    [InlineData("opensearch", "7s")]
    public async Task A_sync_that_is_killed_while_the_engine_forgets_deletions_owes_that_it_remembers_them(string kind, string? usual)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 20);
        await shop.QueryAsync("UPDATE documents SET version = 9");
        await shop.ReindexAsync();
        await SetAsync(shop, usual);
        await shop.QueryAsync("UPDATE documents SET version = 3 WHERE n = 1");
        Undo? owed = null;
        var hooks = new RunHooks
        {
            Owed = async undo =>
            {
                owed = undo;
                Assert.Equal(usual, await SettingAsync(shop)); // it is owed before it is done
            },
        };
        Assert.Equal(1, (await shop.SyncAsync(hooks: hooks)).Written);
        Assert.NotNull(owed);
        Assert.Equal(usual, await SettingAsync(shop));

        await SetAsync(shop, "0s"); // as one that is killed leaves it
        await shop.Component.UndoHandlers.Single(handler => handler.Kind == owed.Kind).UndoAsync(owed, ShopIndices.Cancellation);
        Assert.Equal(usual, await SettingAsync(shop));
    }

    private static Task SetAsync(ShopIndices shop, string? value) =>
        shop.Engine.CallAsync(HttpMethod.Put, "/documents_v1/_settings", $$"""{"index.gc_deletes":{{(value is null ? "null" : $"\"{value}\"")}}}""");

    private static async Task<string?> SettingAsync(ShopIndices shop) =>
        (string?)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v1/_settings?flat_settings=true"))["documents_v1"]!["settings"]!["index.gc_deletes"];
}
