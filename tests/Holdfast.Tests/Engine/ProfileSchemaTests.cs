using System.Text.Json;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class ProfileSchemaTests
{
    [Fact]
    public void The_schema_that_is_built_in_is_the_one_that_ships() =>
        Assert.Equal(File.ReadAllText(SourceTree.PathOf("profiles/profile.schema.json")), ProfileReader.SchemaText);

    [Fact]
    public void The_schema_uses_only_keywords_that_are_checked() => Assert.Equal(JsonValueKind.Object, new JsonSchema(ProfileReader.SchemaText).Root.ValueKind);

    [Theory]
    [InlineData("""{ "maxItems": 3 }""")]
    [InlineData("""{ "properties": { "a": { "not": {} } } }""")]
    [InlineData("""{ "$defs": { "a": { "items": { "oneOf": [] } } } }""")]
    [InlineData("""{ "anyOf": [ { "format": "uri" } ] }""")]
    [InlineData("""{ "additionalProperties": { "multipleOf": 2 } }""")]
    public void A_keyword_that_is_not_checked_is_refused(string schema) => Assert.Throws<InvalidDataException>(() => new JsonSchema(schema));

    [Fact]
    public void A_reference_to_nothing_is_refused() => Assert.Throws<InvalidDataException>(() => new JsonSchema("""{ "$ref": "#/$defs/none" }"""));

    [Fact]
    public void Every_property_and_definition_is_described()
    {
        var schema = new JsonSchema(ProfileReader.SchemaText);
        var undescribed = new List<string>();
        Look(schema, schema.Root, "", undescribed);
        Assert.Empty(undescribed);
    }

    private static void Look(JsonSchema schema, JsonElement rules, string path, List<string> undescribed)
    {
        foreach (var container in new[] { "properties", "$defs" })
            if (rules.TryGetProperty(container, out var inner))
                foreach (var property in inner.EnumerateObject())
                {
                    if (!IsDescribed(schema, property.Value)) undescribed.Add($"{path}/{property.Name}");
                    Look(schema, property.Value, $"{path}/{property.Name}", undescribed);
                }
        if (rules.TryGetProperty("items", out var items)) Look(schema, items, $"{path}/items", undescribed);
    }

    private static bool IsDescribed(JsonSchema schema, JsonElement rules) =>
        rules.TryGetProperty("description", out _) || (rules.TryGetProperty("$ref", out var reference) && IsDescribed(schema, schema.Resolve(reference.GetString()!)));
}
