using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>Which settings of an index keep it from every node of a cluster.</summary>
public sealed class AllocationFiltersTests
{
    private const string Name = "index.routing.allocation.require._name", Box = "index.routing.allocation.include.box_type", Ip = "index.routing.allocation.exclude._ip", PerNode = "index.routing.allocation.total_shards_per_node";

    private static readonly AllocationFilters _filters = new(new[]
    {
        """{"id":"A","name":"node-1","ip":"10.0.0.1","host":"one","roles":["data","master"],"attributes":{"box_type":"hot"}}""",
        """{"id":"B","name":"node-2","ip":"10.0.0.2","host":"two","roles":["data_cold"],"attributes":{"box_type":"cold"}}""",
        """{"id":"C","name":"node-3","ip":"10.0.0.3","host":"three","roles":["master"],"attributes":{"box_type":"warm"}}""",
    }.Select(node => JsonNode.Parse(node)!.AsObject()));

    [Theory]
    [InlineData("{}", "")]
    [InlineData($$"""{"{{Name}}":"node-1"}""", "")]
    [InlineData($$"""{"{{Name}}":"node-*"}""", "")]
    [InlineData($$"""{"{{Name}}":"node-9"}""", Name)]
    [InlineData($$"""{"{{Name}}":"node-3"}""", Name)] // it keeps no data
    [InlineData($$"""{"{{Box}}":"hot,warm"}""", "")]
    [InlineData($$"""{"{{Box}}":"warm"}""", Box)]
    [InlineData($$"""{"{{Name}}":"node-1","{{Box}}":"cold"}""", $"{Name} {Box}")]
    [InlineData($$"""{"{{Ip}}":"10.0.0.1"}""", "")]
    [InlineData($$"""{"{{Ip}}":"10.0.0.*"}""", Ip)]
    [InlineData("""{"index.routing.allocation.include._tier_preference":"data_frozen"}""", "")]
    [InlineData("""{"index.routing.allocation.include._tier":"data_cold"}""", "")]
    [InlineData($$"""{"{{PerNode}}":"1","index.number_of_shards":"2"}""", "")]
    [InlineData($$"""{"{{PerNode}}":"1","index.number_of_shards":"3"}""", PerNode)]
    [InlineData($$"""{"{{PerNode}}":"-1","index.number_of_shards":"3"}""", "")]
    [InlineData($$"""{"{{PerNode}}":"1","index.number_of_shards":"2","{{Box}}":"hot"}""", PerNode)]
    public void Only_what_no_node_meets_is_left_out(string settings, string unmet) => Assert.Equal(unmet, string.Join(' ', _filters.Unmet(JsonNode.Parse(settings)!.AsObject())));
}
