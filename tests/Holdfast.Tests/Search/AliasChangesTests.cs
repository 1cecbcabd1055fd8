using System.Text.Json.Nodes;
using Holdfast.Components.Search.MoveAside;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>What becomes of aliases when indices come back beside those in use.</summary>
public sealed class AliasChangesTests
{
    private const string Series = """{"l-1":{"l":{"is_write_index":false}},"l-2":{"l":{"is_write_index":false}},"l-3":{"l":{"is_write_index":true}}}""";

    [Theory]
    // One index behind an alias: the alias moves.
    [InlineData("""{"d_v1":{"d":{}}}""", """{"d_v2":{"d":{}}}""", "d_v1", "remove d_v2 d; add d_v1 d", "")]
    [InlineData("""{"d_v1":{"d":{"filter":{"x":1}}}}""", "{}", "d_v1", """add d_v1 d {"filter":{"x":1}}""", "")]
    // A series that has rolled over since: the old one and the one that was written then come back without taking anything.
    [InlineData(Series, """{"l-1":{"l":{"is_write_index":false}},"l-3":{"l":{"is_write_index":false}},"l-4":{"l":{"is_write_index":true}}}""", "l-2", """add l-2 l {"is_write_index":false}""", "l-2 joins the alias 'l', which goes on writing to l-4.")]
    [InlineData(Series, """{"l-1":{"l":{"is_write_index":false}},"l-4":{"l":{"is_write_index":true}}}""", "l-3", """add l-3 l {"is_write_index":false}""", "l-3 joins the alias 'l', which goes on writing to l-4.")]
    [InlineData("""{"l-1":{"l":{"is_write_index":true}}}""", """{"l-2":{"l":{"is_write_index":true}}}""", "l-1", """add l-1 l {"is_write_index":false}""", "l-1 joins the alias 'l', which goes on writing to l-2.")]
    // The index that is written was lost: it is written again.
    [InlineData(Series, """{"l-1":{"l":{"is_write_index":false}},"l-2":{"l":{"is_write_index":false}}}""", "l-3", """add l-3 l {"is_write_index":true}""", "l-3 joins the alias 'l'.")]
    [InlineData(Series, "{}", "l-1 l-2 l-3", """add l-1 l {"is_write_index":false}; add l-2 l {"is_write_index":false}; add l-3 l {"is_write_index":true}""", "")]
    // The only one left is written without saying so; beside another it has to say so.
    [InlineData(Series, """{"l-9":{"l":{}}}""", "l-1", """add l-1 l {"is_write_index":false}; add l-9 l {"is_write_index":true}""", "l-1 joins the alias 'l', which goes on writing to l-9.")]
    // An alias that several share for searching alone stays shared.
    [InlineData("""{"a":{"all":{}},"b":{"all":{}}}""", """{"b":{"all":{}},"c":{"all":{}}}""", "a", "add a all", "a joins the alias 'all'.")]
    [InlineData("""{"a":{"all":{}},"b":{"all":{}}}""", """{"b":{"all":{}}}""", "a", "add a all", "a joins the alias 'all'.")]
    [InlineData("""{"a":{"all":{}},"b":{"all":{}}}""", """{"c":{"all":{}}}""", "a", """add a all {"is_write_index":false}; add c all {"is_write_index":true}""", "a joins the alias 'all', which goes on writing to c.")]
    public void Nothing_is_taken_from_a_series_that_is_in_use(string point, string now, string restored, string actions, string shared)
    {
        var changes = Of(point, now, restored);
        Assert.Equal(actions, string.Join("; ", changes.Actions().Select(Describe)));
        Assert.Equal(shared, string.Join(' ', changes.Shared));
    }

    private static AliasChanges Of(string point, string now, string restored) => new(
        new JsonObject(JsonNode.Parse(point)!.AsObject().Select(index => KeyValuePair.Create(index.Key, (JsonNode?)new JsonObject { ["aliases"] = index.Value!.DeepClone() }))), restored.Split(' '),
        [.. JsonNode.Parse(now)!.AsObject().Select(index => (index.Key, index.Value!.AsObject()))]);

    private static string Describe(JsonNode? action)
    {
        var (verb, about) = (action!.AsObject().Single().Key, action.AsObject().Single().Value!.DeepClone().AsObject());
        var text = $"{verb} {about["index"]} {about["alias"]}";
        about.Remove("index");
        about.Remove("alias");
        return about.Count == 0 ? text : $"{text} {about.ToJsonString()}";
    }
}
