using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Points of real engines whose aliases change under the snapshot, that have data streams, or whose repository is damaged.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchPointTests(SearchEngines engines)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [Engines]
    public async Task An_alias_that_is_led_to_a_new_index_under_the_snapshot_leads_there_after_a_restore(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 1000);
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", $$"""{"type":"fs","settings":{"location":"{{engine.Snapshots}}","max_snapshot_bytes_per_sec":"20kb","chunk_size":"10kb"} }""");
        var component = SearchRig.Component(engine);
        var capture = rig.BackUpAsync(component, BackupMode.Online);
        await Eventually.HoldsAsync("the snapshot has begun", async () => (await SearchRig.SnapshotsAsync(engine)).Count > 0);
        await engine.CallAsync(HttpMethod.Put, "/documents_v3", """{"settings":{"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"integer"}}}}""");
        await SearchRig.WriteAsync(engine, "documents_v3", 0, 7);
        await engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"remove":{"index":"documents_v2","alias":"documents"}},{"add":{"index":"documents_v3","alias":"documents"}}]}""");
        Assert.False(capture.IsCompleted, "The snapshot was over before the alias was led elsewhere.");
        var taken = await capture;
        Assert.Contains(taken.Said.Notes, note => note.Contains("it is taken again", StringComparison.Ordinal));
        Assert.EndsWith("-2", Assert.Single(await SearchRig.SnapshotsAsync(engine)), StringComparison.Ordinal);

        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,documents_v3,stix_v4");
        await rig.RestoreAsync(component, taken);
        Assert.Equal("documents_v3", string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_alias/documents")).AsObject().Select(index => index.Key)));
        Assert.Equal(7, (long)(await engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!);
    }

    [Fact]
    public async Task Aliases_that_never_stand_still_make_no_point()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        using var stop = new CancellationTokenSource();
        var changing = Task.Run(async () => { for (var n = 0; !stop.IsCancellationRequested; n++) await engine.CallAsync(HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"/stix_v4/_alias/a{n}")); }, Cancellation);
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchSnapshot, () => rig.BackUpAsync(SearchRig.Component(engine), BackupMode.Online));
        await stop.CancelAsync();
        await changing;
        Assert.Contains("changed during each of 4 snapshots", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await SearchRig.SnapshotsAsync(engine));
        Assert.Empty(await rig.Repository.ListSnapshotsAsync(Cancellation));
    }

    [Theory]
    [Engines]
    public async Task A_repository_that_the_engine_can_not_read_is_not_needed_for_a_restore_and_a_backup_says_what_helps(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var documents = await SearchRig.DocumentsAsync(engine, "documents_v2");
        // Another one has written into the directory: the engine finds no list of the generation that it knows.
        var list = Assert.Single(Directory.GetFiles(engine.Snapshots, "index-*"));
        File.Move(list, $"{list}.moved");
        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast/other?wait_for_completion=true"));

        var said = await rig.RestoreAsync(component, taken);
        Assert.Contains(said.Notes, note => note.EndsWith("The copy in the point is used.", StringComparison.Ordinal));
        Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "documents_v2"));
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchSnapshot, () => rig.BackUpAsync(component));
        Assert.Contains("DELETE _snapshot/holdfast", refused.Hint, StringComparison.Ordinal);

        File.Move($"{list}.moved", list);
        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/holdfast");
        await rig.BackUpAsync(component);
    }

    /// <summary>Of the engines that are here, only OpenSearch has streams.</summary>
    [Fact]
    public async Task A_data_stream_comes_back_as_one_and_is_refused_where_it_is_in_the_way()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        try
        {
            await engine.CallAsync(HttpMethod.Put, "/_index_template/logs", """{"index_patterns":["logs-*"],"data_stream":{},"template":{"settings":{"number_of_replicas":0}}}""");
            await engine.CallAsync(HttpMethod.Put, "/_data_stream/logs-app");
            await LogAsync(1);
            await engine.CallAsync(HttpMethod.Post, "/logs-app/_rollover");
            await LogAsync(2);
            var component = SearchRig.Component(engine);
            var taken = await rig.BackUpAsync(component);
            Assert.Equal(42, taken.Manifest.Components[0].Counts["documents"]);

            var stix = await SearchRig.DocumentsAsync(engine, "stix_v4");
            foreach (var overwrite in new[] { true, false })
                Assert.Contains("The data stream logs-app of main is there", (await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.RestoreAsync(component, taken, overwrite: overwrite))).Message, StringComparison.Ordinal);
            Assert.Equal(stix, await SearchRig.DocumentsAsync(engine, "stix_v4"));

            await engine.CallAsync(HttpMethod.Delete, "/_data_stream/logs-app");
            await engine.CallAsync(HttpMethod.Delete, "/_index_template/logs");
            await rig.RestoreAsync(component, taken, overwrite: true);
            Assert.Equal(2, (long)(await engine.CallAsync(HttpMethod.Get, "/logs-app/_count"))["count"]!);
            await LogAsync(3);
            await engine.CallAsync(HttpMethod.Post, "/logs-app/_rollover");
            Assert.Equal(3, (long)(await engine.CallAsync(HttpMethod.Get, "/logs-app/_count"))["count"]!);

            // One stream alone, by its name; and points of earlier versions have only its indices.
            await engine.CallAsync(HttpMethod.Delete, "/_data_stream/logs-app");
            await rig.RestoreAsync(component, taken, include: "logs*");
            Assert.Equal(2, (long)(await engine.CallAsync(HttpMethod.Get, "/logs-app/_count"))["count"]!);
            await engine.CallAsync(HttpMethod.Delete, "/_data_stream/logs-app");
            // A forged point: to the engine the name of a stream means all of its indices.
            var forged = new RunHooks
            {
                Amend = manifest =>
                {
                    var details = manifest.Components[0].Details!.AsObject();
                    details.Remove("streams");
                    details["indices"]!.AsArray().Add((JsonNode)"logs-app");
                },
            };
            var refused = await ReindexTests.RefusedAsync(Catalogue.PointManifest, () => rig.RestoreAsync(component, taken, overwrite: true, forged));
            Assert.Contains("has 'logs-app' as an index", refused.Message, StringComparison.Ordinal);
            Assert.Equal(stix, await SearchRig.DocumentsAsync(engine, "stix_v4"));

            var earlier = new RunHooks { Amend = manifest => manifest.Components[0].Details!.AsObject().Remove("streams") };
            var said = await rig.RestoreAsync(component, taken, overwrite: true, earlier);
            Assert.Contains(said.Notes, note => note.Contains("are left out: .ds-logs-app-000001, .ds-logs-app-000002", StringComparison.Ordinal));
            Assert.Empty((await engine.CallAsync(HttpMethod.Get, "/_cat/indices/.ds-logs*?format=json&h=index&expand_wildcards=all")).AsArray());
        }
        finally
        {
            if ((await engine.CallAsync(HttpMethod.Get, "/_data_stream"))["data_streams"] is JsonArray { Count: > 0 }) await engine.CallAsync(HttpMethod.Delete, "/_data_stream/logs-app");
            if ((await engine.CallAsync(HttpMethod.Get, "/_index_template"))["index_templates"] is JsonArray { Count: > 0 }) await engine.CallAsync(HttpMethod.Delete, "/_index_template/logs");
        }

        Task LogAsync(int n) => engine.CallAsync(HttpMethod.Post, "/logs-app/_doc?refresh=true", string.Create(CultureInfo.InvariantCulture, $$"""{"@timestamp":"2020-01-01T00:00:00Z","n":{{n}}}"""));
    }
}
