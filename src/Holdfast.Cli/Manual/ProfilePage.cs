using System.Text.Json;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Manual;

/// <summary>The page of section 5, from the JSON schema of profiles: the profile first, then each kind of mapping that may stand in it.</summary>
internal static class ProfilePage
{
    private const string Definitions = "#/$defs/";

    public static RoffPage Make()
    {
        using var schema = JsonDocument.Parse(ProfileReader.SchemaText);
        var page = new RoffPage("holdfast-profile", 5, "the description of a platform");
        page.Heading("DESCRIPTION").Paragraph(TextOf(schema.RootElement, "description"));
        page.Paragraph("It is YAML. 'holdfast setup' writes a first one, 'holdfast profile validate' names every mistake with its line, 'holdfast profile schema' prints the schema that this page is made from.");
        page.Heading("THE PROFILE");
        Properties(page, schema.RootElement);
        foreach (var definition in schema.RootElement.GetProperty("$defs").EnumerateObject().Where(definition => definition.Value.TryGetProperty("properties", out _)))
        {
            page.Heading(definition.Name.ToUpperInvariant()).Paragraph(TextOf(definition.Value, "description"));
            Properties(page, definition.Value);
        }
        page.Heading("EXAMPLE").Verbatim(
            "platform: shop", "repository:", "  path: /var/backups/holdfast", "  password: { file: /etc/holdfast/password }", "components:", "  files:", "    groups:", "      web: [/etc/nginx]",
            "  postgres:", "    - { name: main, connection: { system-user: postgres } }");
        return page.SeeAlso("holdfast(1)", "holdfast-setup(1)", "holdfast-concepts(7)");
    }

    private static void Properties(RoffPage page, JsonElement mapping)
    {
        var required = mapping.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet(StringComparer.Ordinal) : [];
        foreach (var property in mapping.GetProperty("properties").EnumerateObject())
            page.Item(property.Name, string.Join(' ', Facts(property.Value, required.Contains(property.Name)).Where(fact => fact.Length > 0)));
    }

    private static IEnumerable<string> Facts(JsonElement property, bool isRequired)
    {
        yield return TextOf(property, "description");
        if (isRequired) yield return "Required.";
        if (property.TryGetProperty("enum", out var choices)) yield return $"One of {string.Join(", ", choices.EnumerateArray().Select(choice => choice.ToString()))}.";
        if (property.TryGetProperty("default", out var usual)) yield return $"Default: {(usual.ValueKind == JsonValueKind.String ? usual.GetString() is { Length: > 0 } text ? text : "empty" : usual.GetRawText())}.";
        if (ReferenceOf(property) is { } reference) yield return $"See {reference.ToUpperInvariant()}.";
    }

    /// <summary>The kind of mapping that it is, or that its items are; null for a scalar.</summary>
    private static string? ReferenceOf(JsonElement property)
    {
        if (property.TryGetProperty("$ref", out var reference)) return reference.GetString()![Definitions.Length..];
        return property.TryGetProperty("items", out var items) && items.TryGetProperty("$ref", out var each) ? each.GetString()![Definitions.Length..] : null;
    }

    private static string TextOf(JsonElement element, string name) => element.TryGetProperty(name, out var text) ? text.GetString()! : "";
}
