using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>Names that a recovery point gives, and that an engine would read as something else than the name of one index.</summary>
public sealed class PlainNameTests
{
    [Theory]
    [InlineData("documents_v2", true)]
    [InlineData(".kibana_1", true)]
    [InlineData("Größe#1:2", true)]
    [InlineData("*", false)]
    [InlineData("doc*", false)]
    [InlineData("_all", false)]
    [InlineData("-documents", false)]
    [InlineData("+documents", false)]
    [InlineData("a,b", false)]
    [InlineData("<logs-{now/d}>", false)]
    [InlineData("..", false)]
    [InlineData("a/_settings", false)]
    [InlineData("a\n", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_name_means_itself_and_nothing_else(string? name, bool isPlain) => Assert.Equal(isPlain, PlainName.Is(name));

    [Theory]
    [InlineData("""{"indices":{"documents_v2":{"aliases":{"documents*":{}}}}}""")]
    [InlineData("""{"indices":{"<a-{now/d}>":{}}}""")]
    [InlineData("""[]""")]
    [InlineData("""{"indices":""")]
    public async Task A_description_with_such_a_name_or_of_another_form_is_refused(string state)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(state));
        var refused = await Assert.ThrowsAsync<ProblemException>(() => SearchState.ReadBackAsync(content, TestContext.Current.CancellationToken));
        Assert.Equal(Catalogue.PointManifest.Code, refused.Problem.Code);
    }

    [Theory]
    [InlineData("indices", """["documents_v2","*"]""")]
    [InlineData("indices", """["a,b"]""")]
    [InlineData("indices", """[7]""")]
    [InlineData("indices", """{}""")]
    [InlineData("streams", """{"_all":[]}""")]
    [InlineData("streams", """{"logs":["-b"]}""")]
    [InlineData("snapshot", "\"*\"")]
    [InlineData("repository", "\"..\"")]
    [InlineData("documents", """{"documents_v2":"many"}""")]
    [InlineData("version", "null")]
    public void A_manifest_with_such_a_name_or_of_another_form_is_refused(string key, string value)
    {
        var details = JsonNode.Parse("""
            {"repository":"holdfast","snapshot":"holdfast-1","copied":true,"version":"7.10.2","distribution":"elasticsearch","chosen":true,
             "indices":["documents_v2","documents_v2"],"documents":{"documents_v2":3},"streams":{}}
            """)!.AsObject();
        Assert.Equal("documents_v2", Assert.Single(SearchRecord.Read(details).Indices));
        details[key] = JsonNode.Parse(value);
        Assert.Equal(Catalogue.PointManifest.Code, Assert.Throws<ProblemException>(() => SearchRecord.Read(details)).Problem.Code);
    }
}
