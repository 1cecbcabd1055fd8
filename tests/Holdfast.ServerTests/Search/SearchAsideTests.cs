using System.Text.Json.Nodes;
using Holdfast.Components.Search;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>What a restore moves aside in a real engine: it comes back when the restore fails or is killed, and is nobody's burden afterwards.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchAsideTests(SearchEngines engines)
{
    private const string Fewer = """{"settings":{"index.number_of_replicas":0,"index.blocks.write":null}}""";
    private const string Stuck = """{"settings":{"index.number_of_replicas":0,"index.blocks.write":null,"index.routing.allocation.require._name":"nowhere"}}""";

    [Theory]
    [Engines]
    public async Task What_was_moved_aside_comes_back_when_the_restore_fails(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var before = await SearchRig.DocumentsAsync(engine, "documents_v2");
        await SearchRig.WriteAsync(engine, "documents_v2", 40, 200);
        await engine.CallAsync(HttpMethod.Put, "/stix_v4/_settings", """{"index":{"blocks.write":true,"number_of_replicas":2}}""");
        var (documents, stix, aliases) = (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.DocumentsAsync(engine, "stix_v4"), JsonNode.Parse(await SearchRig.AliasesAsync(engine)));

        // Found out at the last step, when the aliases lead to what was restored.
        var miscounted = new RunHooks { Amend = manifest => manifest.Components[0].Details!["documents"]!["stix_v4"] = 99L };
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.RestoreAsync(component, taken, hooks: miscounted));
        Assert.Contains("not have the documents", refused.Message, StringComparison.Ordinal);
        await AssertAsWasAsync();

        // A shard that can not be read from the snapshot.
        foreach (var file in Directory.GetFiles(engine.Snapshots, "__*", SearchOption.AllDirectories)) File.Delete(file);
        var damaged = await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.RestoreAsync(component, taken));
        await AssertAsWasAsync();
        await SearchRig.WriteAsync(engine, "documents_v2", 9000, 1);

        // The point has a copy of its own.
        var snapshot = Assert.Single(await SearchRig.SnapshotsAsync(engine));
        Assert.Contains($"(DELETE _snapshot/holdfast/{snapshot})", damaged.Hint, StringComparison.Ordinal);
        await engine.CallAsync(HttpMethod.Delete, $"/_snapshot/holdfast/{snapshot}");
        await rig.RestoreAsync(component, taken);
        Assert.Equal(before, await SearchRig.DocumentsAsync(engine, "documents_v2"));

        async Task AssertAsWasAsync()
        {
            Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));
            Assert.Equal((documents, stix), (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.DocumentsAsync(engine, "stix_v4")));
            Assert.True(JsonNode.DeepEquals(aliases, JsonNode.Parse(await SearchRig.AliasesAsync(engine))), $"{aliases} became {await SearchRig.AliasesAsync(engine)}");
            var settings = (await engine.CallAsync(HttpMethod.Get, "/stix_v4/_settings?flat_settings=true"))["stix_v4"]!["settings"]!;
            Assert.Equal(("true", "2"), ((string?)settings["index.blocks.write"], (string?)settings["index.number_of_replicas"]));
        }
    }

    [Theory]
    [Engines(Fewer)]
    [Engines(Stuck)]
    public async Task A_copy_that_was_begun_when_the_run_was_killed_is_taken_away(string kind, string clone)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var owed = await KilledAsync(rig, component, taken);
        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_settings", """{"index.blocks.write":true}""");
        await engine.CallAsync(HttpMethod.Post, $"/documents_v2/_clone/{owed.Arguments["aside"]}?wait_for_active_shards=0", clone);

        Assert.Empty((await rig.RecoverAsync(component)).Failures);
        Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));
        await SearchRig.WriteAsync(engine, "documents_v2", 100, 1);
        await rig.RestoreAsync(component, taken);
        await rig.BackUpAsync(component);
        // Once more is well: a recovery may be killed before it is in the journal that this was done.
        await component.UndoHandlers.Single(handler => handler.Kind == owed.Kind).UndoAsync(owed, SearchRig.Cancellation);
        Assert.Equal(100, (long)(await engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!);
    }

    [Fact]
    public async Task A_way_back_that_was_killed_is_gone_on_with_and_an_index_of_somebody_else_is_left_alone()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var (documents, aliases) = (await SearchRig.DocumentsAsync(engine, "documents_v2"), JsonNode.Parse(await SearchRig.AliasesAsync(engine)));
        var owed = await KilledAsync(rig, component, taken);
        var aside = owed.Arguments["aside"];
        await CloneAsync("documents_v2", aside, "{}");
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2");

        await engine.CallAsync(HttpMethod.Put, "/documents_v2");
        await SearchRig.WriteAsync(engine, "documents_v2", 0, 1);
        var refused = Assert.Single((await rig.RecoverAsync(component)).Failures);
        Assert.Contains($"Somebody has made an index documents_v2 meanwhile, and what it was is in {aside}.", refused.Message, StringComparison.Ordinal);
        Assert.Equal($"documents_v2 {aside} stix_v4", await SearchRig.IndicesAsync(engine));

        await engine.CallAsync(HttpMethod.Delete, "/documents_v2");
        await CloneAsync(aside, "documents_v2", owed.Arguments["aliases"]); // as far as an undo came that was killed
        Assert.Empty((await rig.RecoverAsync(component)).Failures);
        Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));
        Assert.Equal(documents, await SearchRig.DocumentsAsync(engine, "documents_v2"));
        Assert.True(JsonNode.DeepEquals(aliases, JsonNode.Parse(await SearchRig.AliasesAsync(engine))));

        async Task CloneAsync(string from, string to, string with)
        {
            await engine.CallAsync(HttpMethod.Put, $"/{from}/_settings", """{"index.blocks.write":true}""");
            await engine.CallAsync(HttpMethod.Post, $"/{from}/_clone/{to}", $$$"""{"settings":{"index.blocks.write":null},"aliases":{{{with}}} }""");
        }
    }

    [Theory]
    [Engines]
    public async Task What_was_moved_aside_is_in_no_recovery_point_and_is_offered_to_be_deleted(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await rig.RestoreAsync(component, taken);
        var aside = (await SearchRig.IndicesAsync(engine)).Split(' ').Where(index => index.Contains(".before-", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, aside.Count);

        var after = await rig.BackUpAsync(component);
        Assert.Equal(200, after.Manifest.Components[0].Counts["documents"]);
        Assert.Contains(after.Said.Notes, note => note.Contains($"{aside[0]}, {aside[1]}. 'holdfast search drop-old'", StringComparison.Ordinal));
        var asked = await rig.BackUpAsync(SearchRig.Component(engine, $"indices: [\"stix*\", \"{aside[0]}\"]"));
        Assert.Equal([aside[0], "stix_v4"], asked.Manifest.Components[0].Details!["indices"]!.AsArray().Select(index => (string)index!).Order(StringComparer.Ordinal));
        await SearchTroubleTests.DamageAsync(engine, aside[1]); // in nobody's way
        await rig.BackUpAsync(component);
        await component.WatchRecoveryAsync(new StepCounters(), SearchRig.Cancellation);

        // Neither what an alias leads to, nor what is the only one of its name.
        await engine.CallAsync(HttpMethod.Post, "/_aliases", $$$"""{"actions":[{"add":{"index":"{{{aside[0]}}}","alias":"used"}}]}""");
        var steps = await rig.PlanDropOldAsync(component);
        Assert.Equal([$"Delete {aside[1]}"], steps.Select(step => step.Name));
        Assert.True(steps[0].Destroys);
        await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => rig.DropOldAsync(component, () => engine.CallAsync(HttpMethod.Post, "/stix_v4/_close")));
        Assert.Empty(await rig.PlanDropOldAsync(component));
        await engine.CallAsync(HttpMethod.Post, "/stix_v4/_open");
        await engine.CallAsync(HttpMethod.Get, "/_cluster/health/stix_v4?wait_for_status=yellow");
        await rig.DropOldAsync(component);
        Assert.Equal($"documents_v2 {aside[0]} stix_v4", await SearchRig.IndicesAsync(engine));
    }

    /// <summary>A copy of an old index, a copy of that copy, and one that an administrator has made read-only: none keeps another from going.</summary>
    [Theory]
    [Engines]
    public async Task Copies_of_old_indices_and_of_copies_are_deleted_in_one_run(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        var component = SearchRig.Component(engine, "indices: { documents: { mapping: { properties: { n: { type: long } } } } }");
        const string Copy = "documents_v1.before-20260101t000000z-abcdef";
        string[] old = ["documents_v1", Copy, $"{Copy}.before-20260102t000000z-abcdef", "documents_v1.before-20260103t000000z-abcdef"];
        foreach (var index in old) await engine.CallAsync(HttpMethod.Put, $"/{index}", Fewer);
        await engine.CallAsync(HttpMethod.Put, $"/{Copy}/_settings", """{"index.blocks.read_only":true}""");
        await engine.CallAsync(HttpMethod.Put, "/documents_v1/_settings", """{"index.blocks.read_only":true}""");

        Assert.Equal(old.Select(index => $"Delete {index}").Order(StringComparer.Ordinal), (await rig.PlanDropOldAsync(component)).Select(step => step.Name).Order(StringComparer.Ordinal));
        await rig.DropOldAsync(component);
        Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));
    }

    /// <summary>What a restore owes that is killed as soon as it owes it. It stays in the journal.</summary>
    internal static async Task<Undo> KilledAsync(SearchRig rig, SearchComponent component, TakenPoint taken)
    {
        Undo? moving = null;
        Task KillAsync(Undo undo)
        {
            if (!undo.Kind.EndsWith("move-back", StringComparison.Ordinal)) return Task.CompletedTask;
            moving = undo;
            throw new IOException("killed");
        }

        rig.MayOwe = true;
        await ReindexTests.RefusedAsync(Catalogue.StepFailed, () => rig.RestoreAsync(component, taken, hooks: new RunHooks { Owed = KillAsync, Dies = true }, include: "documents*"));
        return moving!;
    }
}
