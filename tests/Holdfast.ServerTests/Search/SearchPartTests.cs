using Holdfast.Engine.Problems;
using Holdfast.Engine.Restore;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>One index of several: restored by its name alone, and left out of backups when a restore has moved it aside.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchPartTests(SearchEngines engines)
{
    [Theory]
    [Engines]
    public async Task Only_the_index_that_is_named_comes_back_and_what_was_there_is_not_captured_afterwards(string kind)
    {
        var engine = await engines.BeginAsync(kind);
        await using var rig = await SearchRig.BeginAsync();
        await SearchRig.FillAsync(engine, 20);
        var component = SearchRig.Component(engine);
        var taken = await rig.BackUpAsync(component);
        var documents = await SearchRig.DocumentsAsync(engine, "documents_v2");
        await SearchRig.WriteAsync(engine, "documents_v2", 500, 5);
        await SearchRig.WriteAsync(engine, "stix_v4", 500, 5);
        var stix = await SearchRig.DocumentsAsync(engine, "stix_v4");

        var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(component, taken.Point, Asking("search:documents")));
        Assert.Equal(Catalogue.ComponentUnknown.Code, refused.Problem.Code);
        Assert.Contains("only documents_v2, stix_v4.", refused.Problem.Message, StringComparison.Ordinal);
        var aside = $"documents_v2.before-{rig.RunId.ToLowerInvariant()}";
        await rig.RestoreAsync(component, taken.Point, Asking("search/main:documents_v2"));
        Assert.Equal((documents, stix), (await SearchRig.DocumentsAsync(engine, "documents_v2"), await SearchRig.DocumentsAsync(engine, "stix_v4")));
        Assert.Equal($"documents_v2 {aside} stix_v4", await SearchRig.IndicesAsync(engine));

        var next = await rig.BackUpAsync(component);
        Assert.Equal(["documents_v2", "stix_v4"], Indices(next));
        Assert.Equal(($"index {aside}", true), (Assert.Single(next.Record.Omissions!).What, next.Record.Complete));
        var named = SearchRig.Component(engine, $"capture: [\"stix_v4\", \"{aside}\"]");
        Assert.Equal([aside, "stix_v4"], Indices(await rig.BackUpAsync(named)));
    }

    private static Func<RestoreRequest, RestoreRequest> Asking(string only) => request => request with { Only = [only] };

    private static IEnumerable<string?> Indices(TakenPoint taken) =>
        taken.Record.Details!["indices"]!.AsArray().Select(index => (string?)index).Order(StringComparer.Ordinal);
}
