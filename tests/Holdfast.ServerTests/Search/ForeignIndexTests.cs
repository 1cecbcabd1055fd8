using System.Text.Json.Nodes;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>
/// Points whose run this machine knows nothing of: whoever can write to the repository may have made them. Nothing that the profile does not select gets
/// into a real engine by one, and what the profile selects comes back without a question.
/// </summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class ForeignIndexTests(SearchEngines engines) : IAsyncDisposable
{
    private const string Mine = """indices: [documents, "stix*"]""";

    private SearchEngine? _engine;

    [Theory]
    [Engines]
    public async Task Indices_and_templates_that_the_profile_does_not_select_are_named_and_left_out_until_a_person_has_said_so(string kind)
    {
        var engine = await BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        await engine.CallAsync(HttpMethod.Put, "/payroll", """{"settings":{"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"integer"}}},"aliases":{"documents":{"is_write_index":false}}}""");
        await SearchRig.WriteAsync(engine, "payroll", 0, 1);
        await engine.CallAsync(HttpMethod.Put, "/_template/all", """{"index_patterns":["*"],"aliases":{"evil":{}}}""");
        await engine.CallAsync(HttpMethod.Put, "/_template/stix", """{"index_patterns":["stix_v*"],"settings":{"number_of_replicas":0}}""");
        await engine.CallAsync(HttpMethod.Put, "/_ingest/pipeline/evil", """{"processors":[]}""");
        var taken = await rig.BackUpAsync(SearchRig.Component(engine));
        var documents = await SearchRig.DocumentsAsync(engine, "documents_v2");
        Directory.Delete(rig["state"], recursive: true);

        // The point says that payroll has the alias that the profile names; the cluster does not.
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        foreach (var part in new[] { "/_template/all", "/_template/stix", "/_template/shop", "/_ingest/pipeline/evil" }) await engine.CallAsync(HttpMethod.Delete, part);
        await engine.CallAsync(HttpMethod.Delete, "/payroll/_alias/documents");
        await SearchRig.WriteAsync(engine, "payroll", 1, 1);
        var payroll = await SearchRig.DocumentsAsync(engine, "payroll");
        var component = SearchRig.Component(engine, Mine);
        var plan = string.Join('\n', (await rig.PlanRestoreAsync(component, taken)).Select(step => step.Does));
        Assert.Contains("left out unless that is confirmed: index payroll of main, pipeline evil of main, template all of main, template shop of main.", plan, StringComparison.Ordinal);
        Assert.Contains("Creates what is missing: template stix; all aliases", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Moves aside", plan, StringComparison.Ordinal);

        var said = await rig.RestoreAsync(component, taken);
        Assert.Contains("index payroll of main", Assert.Single(said.Warnings, warning => warning.Code == Catalogue.RestoreUnselected.Code).Message, StringComparison.Ordinal);
        Assert.Equal("documents_v2 payroll stix_v4", await SearchRig.IndicesAsync(engine));
        Assert.Equal((documents, payroll), (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.DocumentsAsync(engine, "payroll")));
        Assert.Equal("documents_v2", string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_alias/documents")).AsObject().Select(index => index.Key)));
        Assert.Equal("stix", await TemplatesAsync(engine));
        Assert.Empty(await PipelinesAsync());

        // Nothing else is asked for, so nothing is done.
        Assert.Contains("index payroll of main", Assert.Single((await rig.RestoreAsync(component, taken, include: "payroll")).Warnings).Message, StringComparison.Ordinal);
        Assert.Equal(payroll, await SearchRig.DocumentsAsync(engine, "payroll"));

        await rig.RestoreAsync(component, taken.Point, request => request with { Overwrite = true, Files = FileRules.Usual with { Unselected = true } });
        Assert.Equal(1, (long)(await engine.CallAsync(HttpMethod.Get, "/payroll/_count"))["count"]!);
        Assert.Equal("all shop stix", await TemplatesAsync(engine));
    }

    [Fact]
    public async Task What_the_profile_has_captured_comes_back_by_it_without_a_question()
    {
        var engine = await BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        await engine.CallAsync(HttpMethod.Delete, "/_template/shop");
        var component = SearchRig.Component(engine, Mine);
        var taken = await rig.BackUpAsync(component);
        var aliases = await SearchRig.AliasesAsync(engine);
        Directory.Delete(rig["state"], recursive: true);

        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        await RestoreAsync();
        Assert.Equal(aliases, await SearchRig.AliasesAsync(engine));

        // Another index has taken its place, and is closed or not.
        await engine.CallAsync(HttpMethod.Put, "/documents_v3");
        await engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"remove":{"index":"documents_v2","alias":"documents"}},{"remove":{"index":"documents_v2","alias":"small"}},{"add":{"index":"documents_v3","alias":"documents"}}]}""");
        await engine.CallAsync(HttpMethod.Post, "/documents_v2/_close");
        await RestoreAsync();
        Assert.Equal(20, (long)(await engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!);

        async Task RestoreAsync()
        {
            Assert.DoesNotContain(await rig.PlanRestoreAsync(component, taken, overwrite: true), step => step.Does.Contains("Not selected", StringComparison.Ordinal));
            Assert.Empty((await rig.RestoreAsync(component, taken, overwrite: true)).Warnings);
        }
    }

    [Fact]
    public async Task An_alias_is_not_taken_from_an_index_that_the_profile_does_not_select()
    {
        var engine = await BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        await engine.CallAsync(HttpMethod.Put, "/documents_v2/_alias/salaries");
        var component = SearchRig.Component(engine, Mine);
        var taken = await rig.BackUpAsync(component);
        Directory.Delete(rig["state"], recursive: true);
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2/_alias/salaries");
        await engine.CallAsync(HttpMethod.Put, "/payroll", """{"aliases":{"salaries":{}}}""");

        var said = await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Contains("alias salaries of main", Assert.Single(said.Warnings).Message, StringComparison.Ordinal);
        Assert.Equal("payroll", await HoldersAsync());
        await rig.RestoreAsync(component, taken.Point, request => request with { Overwrite = true, Files = FileRules.Usual with { Unselected = true } });
        Assert.Equal("documents_v2", await HoldersAsync());

        async Task<string> HoldersAsync() => string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_alias/salaries")).AsObject().Select(index => index.Key));
    }

    [Theory]
    [Engines]
    public async Task Templates_are_taken_out_again_when_the_restore_fails_and_go_with_the_indices_that_were_asked_for(string kind)
    {
        var engine = await BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        await engine.CallAsync(HttpMethod.Put, "/_component_template/base", """{"template":{"settings":{"number_of_replicas":0}}}""");
        await engine.CallAsync(HttpMethod.Put, "/_index_template/stix", """{"index_patterns":["stix_*"],"composed_of":["base"]}""");
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2,stix_v4");
        await engine.CallAsync(HttpMethod.Delete, "/_template/shop");
        await engine.CallAsync(HttpMethod.Delete, "/_index_template/stix");
        await engine.CallAsync(HttpMethod.Delete, "/_component_template/base");

        var written = new RunHooks { Owed = undo => undo.Kind.EndsWith("take-out", StringComparison.Ordinal) ? SearchRig.WriteAsync(engine, "documents", 0, 1) : Task.CompletedTask };
        await ReindexTests.RefusedAsync(Catalogue.SearchAlias, () => rig.RestoreAsync(component, taken, hooks: written));
        Assert.Equal(("", ""), (await TemplatesAsync(engine), await ComposableAsync()));

        await engine.CallAsync(HttpMethod.Delete, "/documents");
        await rig.RestoreAsync(component, taken, overwrite: true, include: "documents*");
        Assert.Equal(("", ""), (await TemplatesAsync(engine), await ComposableAsync()));
        await rig.RestoreAsync(component, taken, overwrite: true);
        Assert.Equal(("shop", "base stix"), (await TemplatesAsync(engine), await ComposableAsync()));

        async Task<string> ComposableAsync()
        {
            var names = new List<string>();
            foreach (var sort in new[] { "component_template", "index_template" })
                names.AddRange((await engine.CallAsync(HttpMethod.Get, $"/_{sort}"))[$"{sort}s"]!.AsArray().Select(template => (string)template!["name"]!));
            return string.Join(' ', names);
        }
    }

    [Fact]
    public async Task A_name_that_an_engine_reads_as_a_pattern_is_refused()
    {
        var engine = await BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 5);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        Action<JsonObject>[] forgeries =
        [
            details => details["indices"]!.AsArray().Add((JsonNode)"*"),
            details => details["indices"]![0] = "stix_v4,documents_v2",
            details => details["streams"] = new JsonObject { ["_all"] = new JsonArray() },
            details => details["streams"] = new JsonObject { ["a"] = new JsonArray("-b") },
            details => details["snapshot"] = "*",
            details => details["repository"] = "..",
            details => details["indices"] = "documents_v2",
        ];
        foreach (var forge in forgeries)
            await ReindexTests.RefusedAsync(Catalogue.PointManifest, () => rig.RestoreAsync(
                component, taken, overwrite: true, new RunHooks { Amend = manifest => forge(manifest.Components[0].Details!.AsObject()) }));
        Assert.Equal("documents_v2 stix_v4", await SearchRig.IndicesAsync(engine));
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is null) return;
        foreach (var pipeline in await PipelinesAsync()) await _engine.CallAsync(HttpMethod.Delete, $"/_ingest/pipeline/{pipeline}");
    }

    private async Task<IReadOnlyList<string>> PipelinesAsync() =>
        [.. ((await _engine!.CallAsync(HttpMethod.Get, "/_cluster/state/metadata?filter_path=metadata.ingest.pipeline.id"))["metadata"]?["ingest"]?["pipeline"] as JsonArray ?? []).Select(pipeline => (string)pipeline!["id"]!)];

    private async Task<SearchEngine> BeginAsync(string kind) => _engine = await engines.BeginAsync(kind);

    private static async Task<string> TemplatesAsync(SearchEngine engine) =>
        string.Join(' ', (await engine.CallAsync(HttpMethod.Get, "/_template")).AsObject().Select(template => template.Key).Where(name => name[0] != '.').Order(StringComparer.Ordinal));
}
