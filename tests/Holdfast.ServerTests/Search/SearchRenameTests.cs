using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Indices of a recovery point beside those in use, in real engines: to look at what was, or to take single documents from it.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchRenameTests(SearchEngines engines)
{
    [Theory]
    [Engines(Secure = true)]
    public async Task Indices_come_back_under_other_names_and_those_in_use_stay_as_they_are(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 50);
        var component = SearchRig.Component(engine, engine.Url.StartsWith("https", StringComparison.Ordinal) ? $"user: backup, password: {{ env: X }}, ca: {engine.Authority}" : "");
        var taken = await rig.BackUpAsync(component);
        var before = await SearchRig.DocumentsAsync(engine, "documents_v2");
        await SearchRig.WriteAsync(engine, "documents_v2", 40, 30);
        var (after, aliases) = (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.AliasesAsync(engine));

        rig.Wishes = new IndexNaming { Rename = "was$1-*", WithoutAliases = true };
        await rig.RestoreAsync(component, taken);
        Assert.Equal("documents_v2 stix_v4 was$1-documents_v2 was$1-stix_v4", await SearchRig.IndicesAsync(engine));
        Assert.Equal((before, after), (await SearchRig.DocumentsAsync(engine, "was$1-documents_v2"), await SearchRig.DocumentsAsync(engine, "documents_v2")));
        Assert.Equal(aliases, await SearchRig.AliasesAsync(engine));
        Assert.Equal("{}", (await engine.CallAsync(HttpMethod.Get, "/was$1-documents_v2/_alias"))["was$1-documents_v2"]!["aliases"]!.ToJsonString());

        // A name that is taken, and one that no engine takes.
        Assert.Contains("was$1-documents_v2 already", (await ReindexTests.RefusedAsync(Catalogue.TargetNotEmpty, () => rig.PlanRestoreAsync(component, taken, include: "documents*"))).Message, StringComparison.Ordinal);
        rig.Wishes = new IndexNaming { Rename = "Was-*", WithoutAliases = true };
        await ReindexTests.RefusedAsync(Catalogue.SearchRefused, () => rig.RestoreAsync(component, taken, include: "stix*"));
    }

    [Fact]
    public async Task Without_aliases_nothing_leads_to_what_was_restored()
    {
        var engine = await engines.BeginAsync("elasticsearch");
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 10);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        await engine.CallAsync(HttpMethod.Delete, "/documents_v2");
        await engine.CallAsync(HttpMethod.Put, "/documents_v3", """{"aliases":{"documents":{}}}"""); // it would be refused otherwise
        rig.Wishes = new IndexNaming { WithoutAliases = true };
        await rig.RestoreAsync(component, taken, include: "documents*");
        Assert.Equal("documents_v2 documents_v3 stix_v4", await SearchRig.IndicesAsync(engine));
        Assert.Equal("""{"documents_v2":{"aliases":{}},"documents_v3":{"aliases":{"documents":{}}},"stix_v4":{"aliases":{"stix":{}}}}""", await SearchRig.AliasesAsync(engine));
    }
}
