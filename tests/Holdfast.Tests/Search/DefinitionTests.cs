using System.Text.Json.Nodes;
using Holdfast.Components.Search.Definitions;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>What profiles say indices are made of.</summary>
public sealed class DefinitionTests
{
    [Fact]
    public void Settings_are_the_same_however_they_are_nested() => Assert.Equal(
        "index.analysis.filter.x.type=stop index.number_of_shards=2 index.refresh_interval=5s",
        string.Join(' ', FlatSettings.Of(JsonNode.Parse("""{"number_of_shards":2,"index":{"refresh_interval":"5s"},"index.analysis":{"filter":{"x":{"type":"stop"}}}}""")!.AsObject()).Select(setting => $"{setting.Key}={setting.Value}")));

    [Fact]
    public void What_belongs_to_one_index_alone_is_not_given_to_another() => Assert.Equal(
        ["index.number_of_shards"],
        FlatSettings.Portable(JsonNode.Parse("""{"index.uuid":"u","index.creation_date":"1","index.version.created":"7","index.blocks.write":"true","index.number_of_shards":"2","index.provided_name":"x"}""")!.AsObject()).Keys);

    [Fact]
    public void The_sample_with_its_search_engine_is_valid_and_describes_the_indices_of_the_guidelines()
    {
        var lines = File.ReadAllLines(SourceTree.PathOf("profiles/sample.yaml"));
        var begin = Array.IndexOf(lines, "  # search:");
        for (var i = begin; lines[i].StartsWith("  #", StringComparison.Ordinal); i++) lines[i] = "  " + lines[i][4..];
        var profile = ProfileReader.Parse(string.Join('\n', lines), "/etc/holdfast/profile.yaml");
        Assert.Equal(["audit", "documents", "draft-entities", "extracts", "stix"], profile.Root["components"]["search"].Items[0]["indices"].Keys);
    }

    [Theory]
    [InlineData("documents: { source: { sql: x, postgres: mian } }", "there is no cluster 'mian' in components.postgres. Did you mean 'main'?")]
    [InlineData("documents: { source: { sql: x } }", "'postgres' is missing: say which of the clusters in components.postgres is read.")]
    [InlineData("documents: { source: { postgres: main } }", "'sql' is missing.")]
    [InlineData("documents: { source: { postgres: main, sql: x, version: v, version-field: f } }", "'version' and 'version-field' exclude each other.")]
    [InlineData("{ a: { aliases: [both] }, b: { aliases: [both] } }", "the alias 'both' would lead to two indices.")]
    [InlineData("{ a: {}, b: { aliases: { a: {} } } }", "the alias 'a' would lead to two indices.")]
    [InlineData("documents: { mappings: {} }", "'mappings' is not known here. Did you mean 'mapping'?")]
    [InlineData("documents: { mapping: 5 }", "expected text or a mapping, found the number 5 (text needs quotes).")]
    public void Mistakes_are_found_before_anything_is_asked(string indices, string message)
    {
        var mistake = Assert.Single(ProfileReader.FindMistakes($$"""
            platform: shop
            components:
              postgres: [{ name: main }, { name: other }]
              search:
                - name: main
                  url: http://127.0.0.1:9200
                  indices:
                    {{indices}}
            """));
        Assert.Equal((8, message), (mistake.Place.Line, mistake.Message));
    }
}
