using System.Text.Json.Nodes;
using Holdfast.Components.Search.Snapshots;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>Which indices of a point that another machine has made are restored without a question: whoever can write to the repository has made it.</summary>
public sealed class IndexSelectionTests
{
    /// <summary>What the cluster has, as engines describe it.</summary>
    private const string Live = """
        {
          "documents_v3": { "aliases": { "documents": {} }, "settings": { "index.uuid": "a" } },
          "payroll": { "aliases": { "salaries": {} }, "settings": { "index.uuid": "b" } },
          "tool": { "aliases": { "secret": { "is_hidden": true } }, "settings": { "index.uuid": "c", "index.hidden": "true" } }
        }
        """;

    /// <summary>What the point says: that all of them have the alias that the profile names.</summary>
    private const string Point = """
        {
          "documents_v3": { "aliases": { "documents": {} } },
          "payroll": { "aliases": { "documents": {} } },
          "lost-7": { "aliases": { "documents": {} } },
          "other": { "aliases": {} },
          "tool": { "aliases": { "documents": {} } },
          ".ds-logs-app-000001": { "aliases": {}, "settings": { "index.hidden": "true" } },
          "shrunk-logs": { "aliases": {} }
        }
        """;

    [Theory]
    [InlineData("documents_v3", "documents", true)] // its alias in the cluster
    [InlineData("documents_v2", "documents", true)] // its name: what was replaced has no alias any more
    [InlineData("documents_v2", "documents,-documents_v2", false)]
    [InlineData("payroll", "documents", false)] // the point says that it has the alias, the cluster does not
    [InlineData("payroll", "documents,sal*", true)]
    [InlineData("payroll", "*,-sal*", false)]
    [InlineData("payroll", "*,-salaries", true)] // as the engines read it: that is no index
    [InlineData("lost-7", "documents", true)] // it takes nothing's place
    [InlineData("other", "documents*", false)]
    [InlineData("other", "*", true)]
    [InlineData("other", "_all", true)]
    [InlineData("tool", "*", false)] // hidden, and so is its alias
    [InlineData("tool", "tool", true)]
    [InlineData(".ds-logs-app-000001", "logs-*", true)] // of the stream, which is not there
    [InlineData("shrunk-logs", "logs-*", true)]
    [InlineData(".security-7", "*", false)]
    [InlineData(".watches", ".*", false)]
    [InlineData("documents_v3.before-20261122t220000z-000001", "*", false)]
    [InlineData("logs-2026.11.28", "<logs-{now/d}>", true)]
    [InlineData("other", "documents*,oth*", true)] // one text for an engine
    public void An_index_of_the_cluster_is_judged_by_what_the_cluster_says(string index, string patterns, bool isSelected) =>
        Assert.Equal(isSelected, Selection(patterns.Split(',')).Has(index));

    [Theory]
    [InlineData("logs-app", "logs-*", true)]
    [InlineData("logs-app", "documents", false)]
    [InlineData("documents", "documents", false)] // with an index of the cluster that the profile does not select
    public void A_stream_is_selected_with_all_of_its_indices_or_not_at_all(string stream, string pattern, bool isSelected) =>
        Assert.Equal(isSelected, Selection([pattern]).HasStream(stream));

    [Theory]
    [InlineData("documents*", "documents*", true)]
    [InlineData("documents*", "documents_v*", true)]
    [InlineData("documents", "documents_v*", true)]
    [InlineData("documents*", "doc*", false)]
    [InlineData("documents*", "*", false)]
    [InlineData("*", "*", true)]
    [InlineData("*", ".tool*", false)]
    [InlineData("*,-payroll*", "*", false)]
    [InlineData("*,-payroll*", "pay*", false)]
    [InlineData("*,-payroll*", "shop-*", true)]
    public void A_template_is_selected_when_it_applies_to_nothing_that_the_profile_does_not_select(string patterns, string template, bool isCovered) =>
        Assert.Equal(isCovered, Selection(patterns.Split(',')).Covers(template));

    [Fact]
    public void What_a_template_needs_comes_with_it_and_nothing_else()
    {
        var parts = ClusterPart.Of(JsonNode.Parse("""
            {
              "pipelines": {
                "first": { "processors": [ { "foreach": { "processor": { "pipeline": { "name": "second" } } } } ] }, "second": { "processors": [] },
                "third": {}, "fourth": {}, "of-index": {}, "a*": {}, ".own": {}
              },
              "component_templates": { "component_templates": [ { "name": "base", "component_template": { "template": { "settings": { "index": { "final_pipeline": "third" } } } } }, { "name": "else", "component_template": {} } ] },
              "index_templates": { "index_templates": [ { "name": "logs", "index_template": { "index_patterns": ["logs-*"], "composed_of": ["base"] } } ] },
              "templates": { "shop": { "index_patterns": ["shop-*"], "settings": { "index.default_pipeline": "first" } }, "old": { "template": "old-*" } }
            }
            """)!.AsObject());
        Assert.Equal("a* base else first fourth logs of-index old second shop third", string.Join(' ', parts.Select(part => part.Name).Order(StringComparer.Ordinal)));
        Assert.Equal("a*", Assert.Single(parts, part => !part.IsPlain).Name);
        Assert.Equal("base logs of-index third", Needed("logs-*", """{"index.default_pipeline":"of-index"}"""));
        Assert.Equal("first second shop", Needed("shop-*", """{"index.default_pipeline":"_none"}"""));
        Assert.Equal("old", Needed("old-*", "{}"));

        string Needed(string pattern, string settings) =>
            string.Join(' ', ClusterPart.Needed(parts, part => part.Patterns.Contains(pattern), [JsonNode.Parse(settings)]).Select(part => part.Name).Order(StringComparer.Ordinal));
    }

    private static IndexSelection Selection(string[] patterns) => new(
        patterns.Contains("documents*") && patterns.Contains("oth*") ? ["documents*,oth*"] : patterns, JsonNode.Parse(Live)!.AsObject(), JsonNode.Parse(Point)!.AsObject(),
        new Dictionary<string, IReadOnlyList<string>> { ["logs-app"] = [".ds-logs-app-000001", "shrunk-logs"], ["documents"] = ["payroll"] });
}
