using System.Text.Json.Nodes;
using Holdfast.Components.Search.Migrating;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>What counts as a difference between two mappings, and which of them needs a new index.</summary>
public sealed class MappingComparisonTests
{
    [Theory]
    [InlineData("""{"properties":{"a":{"type":"text"}}}""", """{"properties":{"a":{"type":"text"},"b":{"type":"long"}}}""", "")]
    [InlineData("""{"properties":{"a":{"type":"keyword","index":true,"doc_values":true}}}""", """{"properties":{"a":{"type":"keyword"}}}""", "")]
    [InlineData("""{"properties":{"a":{"type":"scaled_float","scaling_factor":"100"}}}""", """{"properties":{"a":{"type":"scaled_float","scaling_factor":100.0}}}""", "")]
    [InlineData("""{"dynamic":false}""", """{"dynamic":"false","date_detection":false}""", "")]
    [InlineData("""{"properties":{"a":{"properties":{"b":{"type":"text"}}}}}""", """{"properties":{"a":{"type":"object","properties":{"b":{"type":"text"}}}}}""", "")]
    [InlineData("""{"properties":{"a":{"type":"text"}}}""", "{}", "field a: not there -> {\"type\":\"text\"}")]
    [InlineData("""{"properties":{"a":{"type":"long"}}}""", """{"properties":{"a":{"type":"keyword"}}}""", "field a: keyword -> long (needs a new index)")]
    [InlineData("""{"properties":{"a":{"properties":{"b":{"type":"long"}}}}}""", """{"properties":{"a":{"properties":{"b":{"type":"text"}}}}}""", "field a.b: text -> long (needs a new index)")]
    [InlineData("""{"properties":{"a":{"type":"keyword","ignore_above":9}}}""", """{"properties":{"a":{"type":"keyword"}}}""", "ignore_above of field a: not there -> 9")]
    [InlineData("""{"properties":{"a":{"type":"keyword"}}}""", """{"properties":{"a":{"type":"keyword","ignore_above":9}}}""", "ignore_above of field a: 9 -> the engine's default")]
    [InlineData("""{"properties":{"a":{"type":"text","analyzer":"english"}}}""", """{"properties":{"a":{"type":"text"}}}""", "analyzer of field a: not there -> english (needs a new index, unless the engine changes it in place)")]
    [InlineData("""{"properties":{"a":{"type":"keyword"}}}""", """{"properties":{"a":{"type":"keyword","index":false}}}""", "index of field a: false -> true (needs a new index, unless the engine changes it in place)")]
    [InlineData("""{"properties":{"a":{"type":"text","fields":{"raw":{"type":"keyword"}}}}}""", """{"properties":{"a":{"type":"text"}}}""", "field a.raw: not there -> {\"type\":\"keyword\"}")]
    [InlineData("""{"properties":{"a":{"type":"join","relations":{"p":"c"}}}}""", """{"properties":{"a":{"type":"join","eager_global_ordinals":true,"relations":{"p":"c"}}}}""", "")]
    [InlineData("""{"properties":{"a":{"type":"completion"}}}""", """{"properties":{"a":{"type":"completion","analyzer":"simple","preserve_separators":true,"preserve_position_increments":true,"max_input_length":50}}}""", "")]
    [InlineData("""{"properties":{"a":{"type":"search_as_you_type"}}}""", """{"properties":{"a":{"type":"search_as_you_type","doc_values":false,"max_shingle_size":3}}}""", "")]
    [InlineData("""{"dynamic":"strict"}""", "{}", "dynamic of mapping: true -> strict")]
    [InlineData("""{"_meta":{"schema":2}}""", """{"_meta":{"schema":1,"holdfast":{}}}""", "_meta.schema of mapping: 1 -> 2")]
    public void Differences(string wanted, string there, string expected) =>
        Assert.Equal(expected, string.Join("; ", MappingComparison.Of(JsonNode.Parse(wanted)!.AsObject(), JsonNode.Parse(there)!.AsObject())));
}
