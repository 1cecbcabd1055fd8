using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// The keywords of JSON Schema (draft 2020-12) that the profile's schema uses. A keyword that is not known here is an
/// error when the schema is loaded: a rule that is not checked would be worse than none.
/// </summary>
internal sealed class JsonSchema
{
    private static readonly string[] _annotations = ["$schema", "$id", "title", "description", "default", "examples"];

    private static readonly string[] _assertions =
    [
        "type", "properties", "required", "additionalProperties", "minProperties", "maxProperties", "items", "minItems",
        "uniqueItems", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "anyOf", "$ref", "$defs",
    ];

    private readonly JsonElement _root;

    public JsonSchema(string json)
    {
        _root = JsonDocument.Parse(json).RootElement.Clone();
        RefuseUnknownKeywords(_root, "");
    }

    /// <summary>The schema of the whole document.</summary>
    public JsonElement Root => _root;

    /// <summary>The schema that a "$ref" names: "#/$defs/...", or a part of one, by the names on the way to it.</summary>
    /// <exception cref="InvalidDataException">There is no such definition.</exception>
    public JsonElement Resolve(string reference)
    {
        var found = _root;
        var isKnown = reference.StartsWith("#/$defs/", StringComparison.Ordinal)
            && reference.Split('/').Skip(1).All(name => found.TryGetProperty(name, out found));
        return isKnown ? found : throw new InvalidDataException($"The schema refers to '{reference}', which is not one of its $defs.");
    }

    /// <summary>A regular expression of the schema, with a limit on its time.</summary>
    public static bool Fits(string text, string pattern) => Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    private void RefuseUnknownKeywords(JsonElement schema, string path)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return;
        foreach (var keyword in schema.EnumerateObject())
        {
            if (!_annotations.Contains(keyword.Name) && !_assertions.Contains(keyword.Name))
                throw new InvalidDataException($"The schema uses the keyword '{keyword.Name}' at '{path}/', which is not supported.");
            foreach (var (inner, name) in Subschemas(keyword)) RefuseUnknownKeywords(inner, $"{path}/{keyword.Name}{name}");
            if (keyword.NameEquals("$ref")) Resolve(keyword.Value.GetString()!);
        }
    }

    private static IEnumerable<(JsonElement Schema, string Name)> Subschemas(JsonProperty keyword) => keyword.Name switch
    {
        "properties" or "$defs" => keyword.Value.EnumerateObject().Select(property => (property.Value, $"/{property.Name}")),
        "items" or "additionalProperties" => [(keyword.Value, "")],
        "anyOf" => keyword.Value.EnumerateArray().Select((branch, index) => (branch, $"/{index}")),
        _ => [],
    };
}
