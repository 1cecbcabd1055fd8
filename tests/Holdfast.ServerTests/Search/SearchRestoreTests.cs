using System.Text.Json.Nodes;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Real engines, of the seed's generation and of today's, into a recovery point and back.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchRestoreTests(SearchEngines engines)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [Engines]
    public async Task An_engine_comes_back_as_it_was(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 2000);
        var component = SearchRig.Component(engine);

        // What is written after the first snapshot, as before a window, is in the point.
        var taken = await rig.BackUpAsync(component, between: () => SearchRig.WriteAsync(engine, "documents_v2", 2000, 50));
        var (documents, stix, aliases) = (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.DocumentsAsync(engine, "stix_v4"), await SearchRig.AliasesAsync(engine));
        Assert.Equal(4050, Assert.Single(taken.Manifest.Components).Counts["documents"]);
        Assert.Single(await SearchRig.SnapshotsAsync(engine)); // the first one was only for the second

        // A second point stores what is new of the engine's files, and nothing twice.
        await SearchRig.WriteAsync(engine, "stix_v4", 5000, 5);
        var second = await rig.BackUpAsync(component);
        Assert.InRange(second.Counters.BytesAdded, 1, taken.Counters.BytesAdded / 3);

        // All is lost, the repository of the engine too.
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        await engine.CallAsync(HttpMethod.Delete, "/_template/shop");
        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/holdfast");
        foreach (var entry in Directory.GetFileSystemEntries(engine.Snapshots)) await Command.RunAsync("rm", ["-r", entry]);
        await rig.RestoreAsync(component, taken);
        Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "documents_v2"));
        Assert.Equal(stix, await SearchRig.DocumentsAsync(engine, "stix_v4"));
        Assert.Equal(aliases, await SearchRig.AliasesAsync(engine));
        Assert.NotNull((await engine.CallAsync(HttpMethod.Get, "/_template/shop"))["shop"]);
        Assert.Empty(Directory.GetDirectories(engine.Snapshots, "holdfast-restore*"));
        await ResticBinary.Find().CheckAsync(rig.RepositoryPath, SearchRig.Password);
    }

    [Fact]
    public async Task What_is_there_is_moved_aside_or_replaced_and_one_index_can_be_chosen()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component, BackupMode.Online);
        var (before, aliases) = (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.AliasesAsync(engine));
        await SearchRig.WriteAsync(engine, "documents_v2", 40, 200);
        var after = await SearchRig.DocumentsAsync(engine, "documents_v2");

        var said = await rig.RestoreAsync(component, taken, include: "documents*");
        Assert.Equal(before, await SearchRig.DocumentsAsync(engine, "documents_v2"));
        var aside = (await SearchRig.IndicesAsync(engine)).Split(' ').Single(index => index.StartsWith("documents_v2.", StringComparison.Ordinal));
        Assert.Equal(after, await SearchRig.DocumentsAsync(engine, aside));
        Assert.Contains(said.Notes, note => note.Contains(aside, StringComparison.Ordinal));
        await SearchRig.WriteAsync(engine, aside, 9000, 1); // it can be written

        await engine.CallAsync(HttpMethod.Delete, $"/{aside}");
        await SearchRig.WriteAsync(engine, "documents_v2", 40, 200);
        await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));
        Assert.Equal((before, aliases), (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.AliasesAsync(engine)));
    }

    [Fact]
    public async Task A_point_taken_while_somebody_writes_is_restored_and_says_what_can_not_be_compared()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () => { for (var n = 1000; !stop.IsCancellationRequested; n += 5) await SearchRig.WriteAsync(engine, "documents_v2", n, 5); }, Cancellation);
        var taken = await rig.BackUpAsync(component, BackupMode.Online);
        await stop.CancelAsync();
        await writing;
        var stix = await SearchRig.DocumentsAsync(engine, "stix_v4");
        // Another one's snapshot in the same repository is no business of ours.
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast/holdfast-theirs?wait_for_completion=true", """{"metadata":{"holdfast-run":"x","holdfast-platform":"another","holdfast-cluster":"main","holdfast-passing":true}}""");
        for (var round = 0; round < 3; round++) await rig.BackUpAsync(component, BackupMode.Online);
        Assert.Equal(3, (await SearchRig.SnapshotsAsync(engine)).Count);
        Assert.Contains("holdfast-theirs", await SearchRig.SnapshotsAsync(engine));

        var said = await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Contains(said.Notes, note => note.Contains("documents of documents_v2 cannot be compared", StringComparison.Ordinal));
        Assert.Equal(stix, await SearchRig.DocumentsAsync(engine, "stix_v4"));
        Assert.Equal("documents_v2", string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_alias/documents")).AsObject().Select(index => index.Key)));
    }

    [Fact]
    public async Task A_snapshot_of_Elasticsearch_comes_up_on_OpenSearch_and_not_the_other_way_round()
    {
        var old = await engines.BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(old, 100);
        var taken = await rig.BackUpAsync(SearchRig.Component(old));
        var documents = await SearchRig.DocumentsAsync(old, "documents_v2");
        var young = await engines.BeginAsync("opensearch");
        await rig.RestoreAsync(SearchRig.Component(young), taken);
        Assert.Equal(documents, await SearchRig.DocumentsAsync(young, "documents_v2"));

        var back = await rig.BackUpAsync(SearchRig.Component(young));
        await RefusedAsync(Catalogue.SearchVersion, () => rig.PlanRestoreAsync(SearchRig.Component(old), back));
    }

    [Fact]
    public async Task What_can_not_be_done_is_said_before_anything_is_changed()
    {
        var engine = await engines.BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var path = await RefusedAsync(Catalogue.SearchPath, () => rig.BackUpAsync(SearchRig.Component(engine, location: "/tmp/elsewhere")));
        Assert.Contains("path.repo", path.Message, StringComparison.Ordinal);
        await RefusedAsync(Catalogue.SearchIndex, () => rig.BackUpAsync(SearchRig.Component(engine, "indices: [nothing*]")));

        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Put, "/documents_v3");
        await engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"remove":{"index":"documents_v2","alias":"documents"}},{"add":{"index":"documents_v3","alias":"documents"}}]}""");
        var two = await RefusedAsync(Catalogue.SearchAlias, () => rig.PlanRestoreAsync(component, taken));
        Assert.Contains("documents_v3", two.Message, StringComparison.Ordinal);
        await RefusedAsync(Catalogue.SearchIndex, () => rig.PlanRestoreAsync(component, taken, include: "nothing*"));

        // With --overwrite the alias leads to what was restored, and to nothing else.
        await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Equal("documents_v2", string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_alias/documents")).AsObject().Select(index => index.Key)));

        await engine.CallAsync(HttpMethod.Post, "/stix_v4/_close");
        var closed = await rig.BackUpAsync(component);
        Assert.Contains("stix_v4", Assert.Single(closed.Said.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_that_fails_is_no_recovery_point_and_is_taken_away()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 3000);
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", new JsonObject
        {
            ["type"] = "fs", ["settings"] = new JsonObject { ["location"] = engine.Snapshots, ["max_snapshot_bytes_per_sec"] = "20kb", ["chunk_size"] = "10kb" },
        }.ToJsonString());
        var capture = rig.BackUpAsync(SearchRig.Component(engine), BackupMode.Online);
        await Eventually.HoldsAsync("the snapshot has begun", async () => (await SearchRig.SnapshotsAsync(engine)).Count > 0);
        await engine.CallAsync(HttpMethod.Delete, $"/_snapshot/holdfast/{(await SearchRig.SnapshotsAsync(engine))[0]}");
        await RefusedAsync(Catalogue.SearchSnapshot, () => capture);
        Assert.Empty(await SearchRig.SnapshotsAsync(engine));
        Assert.Empty(await rig.Repository.ListSnapshotsAsync(Cancellation));
    }

    [Fact]
    public async Task A_node_that_can_not_write_the_directory_is_named_before_anything_is_captured()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        await using (var second = await engine.JoinAsync())
        {
            var node = (string)(await second.CallAsync(HttpMethod.Get, "/"))["name"]!;
            Assert.NotEqual((string?)(await engine.CallAsync(HttpMethod.Get, "/"))["name"], node);
            Assert.Contains($"node {node}", (await RefusedAsync(Catalogue.SearchPath, () => rig.BackUpAsync(component))).Message, StringComparison.Ordinal);
            var lacking = await RefusedAsync(Catalogue.SearchPath, () => component.PlanPrepareAsync(Cancellation));
            Assert.StartsWith($"The nodes {node} lack '{engine.Snapshots}'", lacking.Message, StringComparison.Ordinal);
            await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4"); // what lies on it goes with it
        }
        await Eventually.HoldsAsync("the second node has left", async () => (int)(await engine.CallAsync(HttpMethod.Get, "/_cluster/health"))["number_of_nodes"]! == 1);
        Assert.Empty(await component.PlanPrepareAsync(Cancellation));
    }

    [Theory]
    [Engines]
    public async Task An_engine_that_is_killed_under_its_snapshot_makes_no_point_and_takes_the_next_one(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 3000);
        await engine.CallAsync(HttpMethod.Put, "/_snapshot/holdfast", new JsonObject
        {
            ["type"] = "fs", ["settings"] = new JsonObject { ["location"] = engine.Snapshots, ["max_snapshot_bytes_per_sec"] = "20kb", ["chunk_size"] = "10kb" },
        }.ToJsonString());
        var component = SearchRig.Component(engine);
        var capture = rig.BackUpAsync(component, BackupMode.Online);
        await Eventually.HoldsAsync("the snapshot has begun", async () => (await SearchRig.SnapshotsAsync(engine)).Count > 0);
        rig.MayOwe = true;
        await engine.KillAsync();
        await Assert.ThrowsAsync<ProblemException>(() => capture);
        await engine.StartAgainAsync();
        Assert.Empty(await rig.Repository.ListSnapshotsAsync(Cancellation));
        await engine.CallAsync(HttpMethod.Delete, "/_snapshot/holdfast"); // the next one is not slow
        await engine.CallAsync(HttpMethod.Get, "/_cluster/health?wait_for_status=yellow&timeout=60s");
        var documents = await SearchRig.DocumentsAsync(engine, "documents_v2");
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        await rig.RestoreAsync(component, taken);
        Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "documents_v2"));
    }

    [Fact]
    public async Task On_a_secured_engine_a_user_who_is_not_the_administrator_is_enough()
    {
        var engine = await engines.BeginAsync("secure");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var user = $"user: backup, password: {{ env: X }}, ca: {engine.Authority}";
        var component = SearchRig.Component(engine, user);
        var taken = await rig.BackUpAsync(component);
        var documents = await SearchRig.DocumentsAsync(engine, "documents_v2");
        await SearchRig.WriteAsync(engine, "documents_v2", 0, 1000);
        await rig.RestoreAsync(component, taken);
        Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "documents_v2"));
        await RefusedAsync(Catalogue.WebAuthentication, () => rig.BackUpAsync(SearchRig.Component(engine, user, secret: "wrong")));
    }

    private static async Task<Problem> RefusedAsync(ProblemKind kind, Func<Task> act)
    {
        var problem = (await Assert.ThrowsAsync<ProblemException>(act)).Problem;
        Assert.True(problem.Code == kind.Code, $"{kind.Code} was expected: {problem}");
        return problem;
    }
}
