using System.Text.Json.Nodes;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Directories that can not be written, shards that are lost, snapshots of others, an engine that dies while it restores: of real engines.</summary>
[Collection(TroubledEnginesCollection.Name)]
public sealed class SearchTroubleTests(SearchEngines engines)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [Engines]
    public async Task A_directory_that_the_engine_may_not_write_is_found_out_before_anything_is_captured(string kind)
    {
        Require.Root();
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        var location = Path.Combine(engine.Snapshots, "ours");
        Directory.CreateDirectory(location, (UnixFileMode)Convert.ToInt32("755", 8)); // of root
        var component = SearchRig.Component(engine, location: location);
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchPath, () => rig.BackUpAsync(component));
        Assert.Contains("is not accessible on", problem.Message, StringComparison.Ordinal);
        Assert.Empty(await rig.Repository.ListSnapshotsAsync(Cancellation));
        await Command.RunAsync("chown", ["nobody", location]);
        await rig.BackUpAsync(component);
    }

    [Fact]
    public async Task A_full_directory_makes_no_point_and_no_restore_and_once_there_is_room_both_work()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 3000);
        using var disk = new SmallDisk(Path.Combine(engine.Snapshots, "small"), 4 << 20);
        (await Command.RunAsync("chown", ["nobody", disk.Path])).Succeeded();
        var component = SearchRig.Component(engine, location: disk.Path);
        disk.Fill();
        Assert.Contains("No space left", (await ReindexTests.RefusedAsync(Catalogue.SearchPath, () => rig.BackUpAsync(component))).Message, StringComparison.Ordinal);
        disk.Fill(disk.Size - (100 << 10));
        Assert.Contains("No space left", string.Concat((await ReindexTests.RefusedAsync(Catalogue.SearchSnapshot, () => rig.BackUpAsync(component))).Details), StringComparison.Ordinal);
        Assert.Empty(await rig.Repository.ListSnapshotsAsync(Cancellation));
        Assert.Empty(await SearchRig.SnapshotsAsync(engine));
        disk.Clear();
        var taken = await rig.BackUpAsync(component);
        var documents = await SearchRig.DocumentsAsync(engine, "documents_v2");

        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/holdfast");
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        foreach (var entry in Directory.GetFileSystemEntries(disk.Path)) (await Command.RunAsync("rm", ["-r", entry])).Succeeded();
        disk.Fill(disk.Size - (100 << 10));
        Assert.Contains("No room is left", (await ReindexTests.RefusedAsync(Catalogue.RepositoryFull, () => rig.RestoreAsync(component, taken))).Message, StringComparison.Ordinal);
        Assert.Equal(("", "filler"), (await SearchRig.IndicesAsync(engine), string.Join(' ', Directory.GetFileSystemEntries(disk.Path).Select(Path.GetFileName))));
        disk.Clear();
        await rig.RestoreAsync(component, taken);
        Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "documents_v2"));
    }

    [Theory]
    [Engines]
    public async Task An_index_that_has_lost_a_shard_is_named_and_comes_back_over_what_is_left_of_it(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 200);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var documents = await SearchRig.DocumentsAsync(engine, "documents_v2");
        await DamageAsync(engine, "documents_v2");

        Assert.Contains("documents_v2 of main has lost shards", (await ReindexTests.RefusedAsync(Catalogue.SearchSnapshot, () => rig.BackUpAsync(component))).Message, StringComparison.Ordinal);
        Assert.Single(await rig.Repository.ListSnapshotsAsync(Cancellation));
        Assert.Contains("--overwrite", (await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.RestoreAsync(component, taken))).Hint, StringComparison.Ordinal);
        if (kind == "opensearch")
        {
            var watched = await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => component.WatchRecoveryAsync(new StepCounters(), Cancellation));
            Assert.StartsWith("documents_v2[", Assert.Single(watched.Details), StringComparison.Ordinal);
        }

        await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "documents_v2"));
    }

    [Theory]
    [InlineData(2, "1 of 2 shards of documents_v1")]
    [InlineData(1, "all shards failed")]
    public async Task A_lost_shard_is_no_difference_that_a_sync_mends_but_a_reindex_does_away_with_it(int shards, string told)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 500, $"documents: {{ settings: {{ number_of_shards: {shards}, number_of_replicas: 0 }}, source: {{ SOURCE }} }}");
        await shop.ReindexAsync();
        await DamageAsync(shop.Engine, "documents_v1");
        Assert.Contains(told, (await ReindexTests.RefusedAsync(Catalogue.SearchRefused, () => shop.SyncAsync())).Message, StringComparison.Ordinal);
        await shop.ReindexAsync();
        Assert.Equal(("documents_v2", await shop.WantedAsync()), (await shop.LedAsync(), await shop.FoundAsync()));
    }

    [Fact]
    public async Task A_snapshot_that_another_one_has_taken_by_our_name_and_one_that_is_being_taken_stay()
    {
        var engine = await engines.BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 3000);
        var component = SearchRig.Component(engine);
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}"} }""");
        var name = $"holdfast-{rig.RunId.ToLowerInvariant()}";
        await engine.CallAsync(HttpMethod.Put, $"/_snapshot/holdfast/{name}?wait_for_completion=true");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchSnapshot, () => rig.BackUpAsync(component, BackupMode.Online));
        Assert.Equal($"There is a snapshot {name} in the repository 'holdfast' of main already.", problem.Message);
        Assert.Equal(name, Assert.Single(await SearchRig.SnapshotsAsync(engine)));

        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}","max_snapshot_bytes_per_sec":"20kb","chunk_size":"10kb"} }""");
        await SearchRig.WriteAsync(engine, "stix_v4", 5000, 2000);
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast/theirs?wait_for_completion=false");
        var busy = await ReindexTests.RefusedAsync(Catalogue.SearchSnapshot, () => rig.BackUpAsync(component));
        Assert.Contains("The snapshot theirs is being taken", busy.Message, StringComparison.Ordinal);
        Assert.Equal($"{name} theirs", string.Join(' ', (await SearchRig.SnapshotsAsync(engine)).Order(StringComparer.Ordinal)));
        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/holdfast/theirs");
    }

    [Fact]
    public async Task An_engine_that_is_killed_while_it_restores_gets_everything_by_the_next_restore()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 5000);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var (documents, stix) = (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.DocumentsAsync(engine, "stix_v4"));
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}","compress":true,"max_restore_bytes_per_sec":"20kb"} }""");
        var restoring = rig.RestoreAsync(component, taken);
        await Eventually.HoldsAsync("the engine restores", async () =>
        {
            Assert.False(restoring.IsCompleted, "It was over before the engine could be killed.");
            return (await engine.CallAsync(HttpMethod.Get, "/_recovery?active_only=true")).ToJsonString().Contains("\"type\":\"SNAPSHOT\"", StringComparison.Ordinal);
        });
        rig.MayOwe = true;
        await engine.KillAsync();
        await ReindexTests.RefusedAsync(Catalogue.WebUnreachable, () => restoring);

        var starting = engine.StartAgainAsync(); // which is over when every index is there
        await Eventually.HoldsAsync("the engine answers again", () => AnswersAsync(engine));
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}","compress":true} }""");
        await rig.RestoreAsync(component, taken, overwrite: true);
        await starting;
        Assert.Equal((documents, stix), (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.DocumentsAsync(engine, "stix_v4")));
    }

    [Fact]
    public async Task Everything_goes_through_nginx_with_a_private_authority_and_in_requests_that_it_takes()
    {
        var engine = await engines.BeginAsync("opensearch");
        using var proxy = await SearchProxy.StartAsync(engine);
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 0, proxy: proxy);
        await shop.QueryAsync("INSERT INTO documents SELECT 'd-' || g, 1, g, repeat(md5(g::text), 120) FROM generate_series(1, 1500) g");
        await shop.ReindexAsync(); // several times what nginx takes at once
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
        await shop.QueryAsync("UPDATE documents SET version = 2, text = text || 'x' WHERE n <= 800");
        Assert.Equal(800, (await shop.SyncAsync()).Written);
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());

        await shop.QueryAsync("UPDATE documents SET version = 3, text = repeat(text, 300) WHERE n = 7");
        Assert.Contains("takes no request of", Assert.Single((await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.SyncAsync())).Details), StringComparison.Ordinal);

        await using var rig = await SearchRig.BeginAsync();
        var component = SearchRig.Component(engine, $"ca: {proxy.Authority}", url: proxy.Url);
        var taken = await rig.BackUpAsync(component);
        var before = await shop.FoundAsync();
        await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Equal(before, await shop.FoundAsync());
        await ReindexTests.RefusedAsync(Catalogue.WebTls, () => rig.BackUpAsync(SearchRig.Component(engine, url: proxy.Url)));
    }

    [Fact]
    public async Task A_wrong_password_is_said_by_whatever_asks_the_engine()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "secure", 5, "documents: { mapping: { properties: { n: { type: long } } }, source: { SOURCE } }");
        var component = shop.Unlocked("no secret of ours");
        Func<Task>[] asking =
        [
            () => component.PlanReindexAsync(shop.Request(), Cancellation), () => component.PlanSyncAsync(shop.Request(), false, _ => { }, Cancellation),
            () => component.PlanMigrateAsync(shop.Request(), Cancellation), () => component.PlanPrepareAsync(Cancellation), () => component.WatchRecoveryAsync(new StepCounters(), Cancellation),
        ];
        foreach (var ask in asking) Assert.DoesNotContain("no secret of ours", $"{await ReindexTests.RefusedAsync(Catalogue.WebAuthentication, ask)}", StringComparison.Ordinal);
    }

    /// <summary>Overwrites the list of segments of an index's first shard, as a bad disk does, and lets the engine look at it.</summary>
    internal static async Task DamageAsync(SearchEngine engine, string index)
    {
        await engine.CallAsync(HttpMethod.Post, $"/{index}/_flush");
        await engine.CallAsync(HttpMethod.Post, $"/{index}/_close");
        var uuid = (string)(await engine.CallAsync(HttpMethod.Get, $"/_cat/indices/{index}?format=json&h=uuid&expand_wildcards=all"))[0]!["uuid"]!;
        var segments = Directory.GetFiles(engine.Data, "segments_*", SearchOption.AllDirectories).Single(file => file.Contains($"/{uuid}/0/", StringComparison.Ordinal));
        var bytes = await File.ReadAllBytesAsync(segments, Cancellation);
        for (var at = 0; at < bytes.Length; at++) bytes[at] ^= 0x55;
        await File.WriteAllBytesAsync(segments, bytes, Cancellation);
        await engine.CallAsync(HttpMethod.Post, $"/{index}/_open?wait_for_active_shards=0");
        await Eventually.HoldsAsync($"{index} is red, and none of its shards is on its way", async () =>
            (string?)(await engine.CallAsync(HttpMethod.Get, $"/_cat/indices/{index}?format=json&h=health"))[0]!["health"] == "red"
            && (await engine.CallAsync(HttpMethod.Get, $"/_cat/shards/{index}?format=json&h=state")).AsArray().All(shard => (string?)shard!["state"] != "INITIALIZING"));
    }

    private static async Task<bool> AnswersAsync(SearchEngine engine)
    {
        try
        {
            return (await engine.CallAsync(HttpMethod.Get, "/_cluster/health"))["status"] is JsonNode;
        }
        catch (Exception starting) when (starting is HttpRequestException or InvalidOperationException)
        {
            return false;
        }
    }
}
