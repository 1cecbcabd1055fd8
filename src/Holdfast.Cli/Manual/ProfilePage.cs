using System.Text;
using System.Text.Json;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Manual;

/// <summary>
/// The page of section 5, from the JSON schema of profiles: the profile first, then each kind of mapping that it may
/// contain, then the values that have a form of their own.
/// </summary>
internal sealed class ProfilePage
{
    private const string Definitions = "#/$defs/", Values = "VALUES", AnyValue = "a value";

    private readonly RoffPage _page = new("holdfast-profile", 5, "the description of a platform");
    private readonly JsonElement _schema;
    private readonly JsonElement _definitions;

    private ProfilePage(JsonElement schema) => (_schema, _definitions) = (schema, schema.GetProperty("$defs"));

    public static RoffPage Make()
    {
        using var schema = JsonDocument.Parse(ProfileReader.SchemaText);
        return new ProfilePage(schema.RootElement).Write();
    }

    private RoffPage Write()
    {
        _page.Heading("DESCRIPTION").Paragraph(TextOf(_schema, "description"));
        _page.Paragraph("It is YAML. 'holdfast setup' writes a first one, 'holdfast profile validate' names every mistake with its line, 'holdfast profile schema' prints the schema that this page is made from.");
        _page.Paragraph("A key of a mapping inside of another one is written with a dot, as in rest.user.");
        _page.Heading("THE PROFILE");
        Keys(_schema, "");
        foreach (var definition in _definitions.EnumerateObject())
        {
            if (MappingOf(definition.Value) is not { } mapping) continue;
            _page.Heading(TitleOf(definition.Name)).Paragraph(TextOf(definition.Value, "description"));
            Keys(mapping, "");
        }
        _page.Heading(Values);
        foreach (var definition in _definitions.EnumerateObject().Where(definition => MappingOf(definition.Value) is null))
            _page.Item(TitleOf(definition.Name), TextOf(definition.Value, "description"));
        _page.Heading("EXAMPLE").Verbatim(
            "platform: shop", "repository:", "  path: /var/backups/holdfast", "  password: { file: /etc/holdfast/password }", "components:", "  files:", "    groups:", "      web: [/etc/nginx]",
            "  postgres:", "    - { name: main, connection: { system-user: postgres } }");
        return _page.SeeAlso("holdfast(1)", "holdfast-setup(1)", "holdfast-concepts(7)");
    }

    /// <summary>The keys of a mapping, and after each those of a mapping that it takes and that has no section of its own.</summary>
    private void Keys(JsonElement mapping, string above)
    {
        var required = mapping.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet(StringComparer.Ordinal) : [];
        foreach (var key in mapping.GetProperty("properties").EnumerateObject())
        {
            _page.Item(above + key.Name, string.Join(' ', Facts(key.Value, required.Contains(key.Name)).Where(fact => fact.Length > 0)));
            if (MappingOf(key.Value) is { } below) Keys(below, $"{above}{key.Name}.");
        }
    }

    private IEnumerable<string> Facts(JsonElement key, bool isRequired)
    {
        yield return TextOf(key, "description");
        if (FormOf(key) is { } form) yield return $"Takes {form}.";
        if (isRequired) yield return "Required.";
        if (key.TryGetProperty("enum", out var choices)) yield return $"One of {string.Join(", ", choices.EnumerateArray().Select(choice => choice.ToString()))}.";
        if (key.TryGetProperty("default", out var usual)) yield return $"Default: {(usual.ValueKind == JsonValueKind.String ? usual.GetString() is { Length: > 0 } text ? text : "empty" : usual.GetRawText())}.";
    }

    /// <summary>"a list of mappings (see POSTGRES)", "a mapping"; null for a text, a number, or true or false.</summary>
    private string? FormOf(JsonElement value)
    {
        if (value.TryGetProperty("$ref", out var reference)) return FormOf(reference.GetString()![Definitions.Length..]);
        if (value.TryGetProperty("anyOf", out var choices))
        {
            var forms = choices.EnumerateArray().Select(choice => FormOf(choice) ?? AnyValue).Distinct(StringComparer.Ordinal).ToList();
            return forms is [AnyValue] ? null : string.Join(", or ", forms);
        }
        return TextOf(value, "type") switch
        {
            "array" => FormOf(value.GetProperty("items")) is { } item ? $"a list, each item {item}" : "a list",
            "object" => value.TryGetProperty("additionalProperties", out var each) && each.ValueKind == JsonValueKind.Object && FormOf(each) is { } one ? $"a mapping, each value {one}" : "a mapping",
            _ => null,
        };
    }

    private string? FormOf(string name)
    {
        if (name.Split('/') is [var owner, .., var key]) return $"what '{key}' takes there (see {TitleOf(owner)})";
        var definition = _definitions.GetProperty(name);
        return MappingOf(definition) is null ? $"{FormOf(definition) ?? AnyValue} (see {TitleOf(name)} in {Values})" : $"{FormOf(definition)} (see {TitleOf(name)})";
    }

    /// <summary>The mapping with named keys that a value or its items may be, where the schema says it in this place.</summary>
    private static JsonElement? MappingOf(JsonElement value)
    {
        if (value.TryGetProperty("properties", out _)) return value;
        if (value.TryGetProperty("items", out var items)) return MappingOf(items);
        if (!value.TryGetProperty("anyOf", out var choices)) return null;
        return choices.EnumerateArray().Select(MappingOf).FirstOrDefault(mapping => mapping is not null);
    }

    /// <summary>"absolutePath" as "ABSOLUTE PATH".</summary>
    private static string TitleOf(string name)
    {
        var title = new StringBuilder();
        foreach (var letter in name) title.Append(char.IsUpper(letter) ? " " : "").Append(char.ToUpperInvariant(letter));
        return title.ToString();
    }

    private static string TextOf(JsonElement element, string name) => element.TryGetProperty(name, out var text) ? text.GetString()! : "";
}
