using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A restore over what is there, into real engines: what can be known is refused beforehand, and a failure loses nothing.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchOverwriteTests(SearchEngines engines)
{
    [Theory]
    [Engines]
    public async Task What_is_replaced_is_deleted_only_when_all_is_well(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 100);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var before = await SearchRig.DocumentsAsync(engine, "documents_v2");
        await SearchRig.WriteAsync(engine, "documents_v2", 40, 200);
        await engine.CallAsync(HttpMethod.Put, "/documents_v3");
        await engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"remove":{"index":"documents_v2","alias":"documents"}},{"add":{"index":"documents_v3","alias":"documents"}}]}""");
        var there = await LookAsync(engine);

        var miscounted = new RunHooks { Amend = manifest => manifest.Components[0].Details!["documents"]!["stix_v4"] = 99L };
        await ReindexTests.RefusedAsync(Catalogue.SearchRestore, () => rig.RestoreAsync(component, taken, overwrite: true, miscounted));
        AssertSame(there, await LookAsync(engine));

        Assert.Contains(await rig.PlanRestoreAsync(component, taken, overwrite: true), step => step.Does.EndsWith("Takes 'documents' from documents_v3.", StringComparison.Ordinal));
        var said = await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Contains("The alias 'documents' does not lead to documents_v3 any more, as it did before the restore.", said.Notes);
        Assert.Equal("documents_v2 documents_v3 stix_v4", await SearchRig.IndicesAsync(engine));
        Assert.Equal(before, await SearchRig.DocumentsAsync(engine, "documents_v2"));
    }

    [Theory]
    [Engines]
    public async Task What_can_not_be_moved_aside_and_names_that_are_taken_are_refused_before_anything_is_changed(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 50);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);

        await engine.CallAsync(HttpMethod.Put, "/stix_v4/_settings", """{"index.blocks.read_only":true}""");
        await AssertRefusedAsync(Catalogue.SearchBlocked, "stix_v4 (index.blocks.read_only)");
        await engine.CallAsync(HttpMethod.Put, "/stix_v4/_settings", """{"index.blocks.read_only":null}""");

        // The index was lost, and the platform has made one by writing to its alias.
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2");
        await SearchRig.WriteAsync(engine, "documents", 0, 1);
        await AssertRefusedAsync(Catalogue.SearchAlias, "there is an index of that name");
        await engine.CallAsync(HttpMethod.Delete, "/documents");
        await engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"add":{"index":"stix_v4","alias":"documents_v2"}}]}""");
        await AssertRefusedAsync(Catalogue.SearchAlias, "there is an alias of that name, which leads to stix_v4", "documents*");

        async Task AssertRefusedAsync(ProblemKind kind, string says, params string[] include)
        {
            var there = await LookAsync(engine);
            foreach (var overwrite in new[] { true, false })
                Assert.Contains(says, (await ReindexTests.RefusedAsync(kind, () => rig.PlanRestoreAsync(component, taken, overwrite, include))).Message, StringComparison.Ordinal);
            AssertSame(there, await LookAsync(engine));
        }
    }

    [Theory]
    [Engines]
    public async Task An_index_that_the_platform_makes_by_an_alias_meanwhile_is_named_and_all_comes_back_without_it(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 50);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await SearchRig.WriteAsync(engine, "documents_v2", 50, 50);
        var there = await LookAsync(engine);
        rig.MayOwe = true;
        // No index has the alias any more when the engine is about to restore.
        var written = new RunHooks { Owed = undo => undo.Kind.EndsWith("remove-lost", StringComparison.Ordinal) ? SearchRig.WriteAsync(engine, "documents", 0, 1) : Task.CompletedTask };
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => rig.RestoreAsync(component, taken, overwrite: true, written));
        Assert.Contains("'documents' cannot be set: an index of that name was made meanwhile", refused.Message, StringComparison.Ordinal);
        Assert.Contains("DELETE documents", refused.Hint, StringComparison.Ordinal);
        Assert.Contains("DELETE documents", Assert.Single((await rig.RecoverAsync(component)).Failures).Hint, StringComparison.Ordinal);
        await engine.CallAsync(HttpMethod.Delete, "/documents");
        Assert.Empty((await rig.RecoverAsync(component)).Failures);
        AssertSame(there, await LookAsync(engine));
        await rig.RestoreAsync(component, taken, overwrite: true);
    }

    [Theory]
    [Engines]
    public async Task A_hidden_index_is_moved_aside_or_replaced_as_others_are(string kind)
    {
        const string hidden = ".tool-hidden";
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await engine.CallAsync(HttpMethod.Put, $"/{hidden}", """{"settings":{"index.hidden":true,"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"integer"}}}}""");
        try
        {
            await SearchRig.WriteAsync(engine, hidden, 0, 20);
            var component = SearchRig.Component(engine, "indices: [\".tool*\"]");
            var taken = await rig.BackUpAsync(component);
            var before = await SearchRig.DocumentsAsync(engine, hidden);
            await SearchRig.WriteAsync(engine, hidden, 20, 20);
            await rig.RestoreAsync(component, taken, overwrite: true);
            Assert.Equal(before, await SearchRig.DocumentsAsync(engine, hidden));
            await SearchRig.WriteAsync(engine, hidden, 20, 20);
            var after = await SearchRig.DocumentsAsync(engine, hidden);
            var said = await rig.RestoreAsync(component, taken);
            Assert.Equal(before, await SearchRig.DocumentsAsync(engine, hidden));
            var aside = Assert.Single(await ToolsAsync(), index => index != hidden);
            Assert.Equal(after, await SearchRig.DocumentsAsync(engine, aside));
            Assert.Contains($"The index {hidden} is now {aside}.", said.Notes);
        }
        finally
        {
            foreach (var index in await ToolsAsync()) await engine.CallAsync(HttpMethod.Delete, $"/{index}");
        }

        async Task<IReadOnlyList<string>> ToolsAsync() => [.. (await engine.CallAsync(HttpMethod.Get, "/_cat/indices/.tool*?format=json&h=index&expand_wildcards=all")).AsArray().Select(line => (string)line!["index"]!)];
    }

    /// <summary>The indices, aliases and documents that are there.</summary>
    private static async Task<(string Indices, JsonNode? Aliases, string Documents)> LookAsync(SearchEngine engine)
    {
        var indices = await SearchRig.IndicesAsync(engine);
        var documents = new List<string>();
        foreach (var line in (await engine.CallAsync(HttpMethod.Get, "/_cat/indices/documents*,stix*?format=json&h=index,status")).AsArray())
            if ((string)line!["status"]! == "open" && (await engine.CallAsync(HttpMethod.Get, $"/{line["index"]}/_count"))["count"]!.GetValue<long>() > 0) documents.Add(await SearchRig.DocumentsAsync(engine, (string)line["index"]!));
        return (indices, JsonNode.Parse(await SearchRig.AliasesAsync(engine)), string.Join('\n', documents.Order(StringComparer.Ordinal)));
    }

    private static void AssertSame((string Indices, JsonNode? Aliases, string Documents) before, (string Indices, JsonNode? Aliases, string Documents) after)
    {
        Assert.Equal((before.Indices, before.Documents), (after.Indices, after.Documents));
        Assert.True(JsonNode.DeepEquals(before.Aliases, after.Aliases), $"{before.Aliases} became {after.Aliases}");
    }
}
