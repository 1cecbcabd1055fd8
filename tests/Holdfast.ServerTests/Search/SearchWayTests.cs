using System.Globalization;
using Holdfast.Engine.Running;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>What is in the way of a restore or a switch of real engines, and what only seems to be.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchWayTests(SearchEngines engines)
{
    [Fact]
    public async Task Names_that_do_not_fit_into_one_request_are_captured_and_restored()
    {
        var engine = await engines.BeginAsync("opensearch");
        await using var rig = await SearchRig.BeginAsync();
        var names = Enumerable.Range(0, 25).Select(n => string.Create(CultureInfo.InvariantCulture, $"{new string('a', 198)}{n:00}")).ToList();
        foreach (var name in names) await engine.CallAsync(HttpMethod.Put, $"/{name}", """{"settings":{"number_of_shards":1,"number_of_replicas":0}}""");
        await SearchRig.WriteAsync(engine, names[24], 0, 3);
        var component = SearchRig.Component(engine, $"indices: [{string.Join(", ", names)}]");
        var taken = await rig.CaptureAsync(component);
        Assert.Equal((25, 3), (Assert.Single(taken.Manifest.Components).Counts["indices"], taken.Manifest.Components[0].Counts["documents"]));
        foreach (var name in names) await engine.CallAsync(HttpMethod.Delete, $"/{name}");
        var said = await rig.RestoreAsync(component, taken);
        Assert.Contains("25 indices of main have 3 documents, as at the snapshot.", said.Notes);
        Assert.Equal(string.Join(' ', names), await SearchRig.IndicesAsync(engine));
        await component.WatchRecoveryAsync(new StepCounters(), SearchRig.Cancellation);
    }
}
