using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Engine.Profiles;

/// <summary>Validates a YAML value against a schema, and lists all mistakes.</summary>
internal sealed partial class SchemaValidator(JsonSchema schema, List<ProfileMistake> mistakes)
{
    public void Validate(YamlValue value) => Validate(value, schema.Root, "");

    private void Validate(YamlValue value, JsonElement rules, string path)
    {
        if (rules.TryGetProperty("type", out var type) && type.GetString() is { } wanted && NameOf(value.Kind) != wanted)
        {
            Mistake(value.Place, path, $"expected {Describe(wanted)}, found {(wanted == "object" ? DescribeKind(value) : Describe(value))}."); // a secret may stand where a mapping says where it comes from
            return;
        }
        foreach (var rule in rules.EnumerateObject()) Apply(rule, rules, value, path);
    }

    private void Apply(JsonProperty rule, JsonElement rules, YamlValue value, string path)
    {
        switch (rule.Name)
        {
            case "$ref": Validate(value, schema.Resolve(rule.Value.GetString()!), path); break;
            case "anyOf": ValidateAnyOf(value, rule.Value, path); break;
            case "required": CheckRequired(value, rule.Value, path); break;
            case "properties": ValidateProperties(value, rules, path); break;
            case "additionalProperties": ValidateOthers(value, rules, path); break;
            case "minProperties": Expect(value.Entries.Count >= rule.Value.GetInt32(), value, path, () => Choice(rules)); break;
            case "maxProperties": Expect(value.Entries.Count <= rule.Value.GetInt32(), value, path, () => Choice(rules)); break;
            case "items": ValidateItems(value, rule.Value, path); break;
            case "minItems": Expect(value.Values.Count >= rule.Value.GetInt32(), value, path, () => "expected at least one item."); break;
            case "uniqueItems": CheckUnique(value, path); break;
            case "enum": CheckEnum(value, rule.Value, path); break;
            case "const": Expect(value.IsScalar && value.Text == rule.Value.GetString(), value, path, () => $"expected '{rule.Value.GetString()}', found {Describe(value)}."); break;
            case "pattern": Expect(JsonSchema.Fits(value.Text, rule.Value.GetString()!), value, path, () => $"'{Shown(value)}' does not fit. Expected: {Description(rules)}"); break;
            case "minLength": Expect(value.Text.Length >= rule.Value.GetInt32(), value, path, () => "expected some text, found none."); break;
            case "maxLength": Expect(value.Text.Length <= rule.Value.GetInt32(), value, path, () => $"'{Shown(value)}' is longer than {rule.Value.GetInt32()} characters."); break;
            case "minimum": Expect(value.Integer >= rule.Value.GetInt32(), value, path, () => $"{value.Text} is less than {rule.Value.GetInt32()}."); break;
            case "maximum": Expect(value.Integer <= rule.Value.GetInt32(), value, path, () => $"{value.Text} is more than {rule.Value.GetInt32()}."); break;
        }
    }

    private void CheckRequired(YamlValue value, JsonElement required, string path)
    {
        foreach (var key in required.EnumerateArray().Select(name => name.GetString()!).Where(key => !value.Has(key)))
            Mistake(value.Place, path, $"'{key}' is missing.");
    }

    private void ValidateProperties(YamlValue value, JsonElement rules, string path)
    {
        foreach (var entry in value.Entries)
            if (rules.GetProperty("properties").TryGetProperty(entry.Key, out var inner))
                Validate(entry.Value, inner, YamlTree.Below(path, entry.Key));
    }

    private void ValidateOthers(YamlValue value, JsonElement rules, string path)
    {
        var others = rules.GetProperty("additionalProperties");
        var known = PropertiesOf(rules);
        foreach (var entry in value.Entries.Where(entry => !known.Contains(entry.Key)))
        {
            if (others.ValueKind == JsonValueKind.False) Mistake(entry.Place, path, $"'{entry.Key}' is not known here.{Spelling.Suggest(entry.Key, known)}");
            else Validate(entry.Value, others, YamlTree.Below(path, entry.Key));
        }
    }

    private void ValidateItems(YamlValue value, JsonElement rules, string path)
    {
        for (var i = 0; i < value.Values.Count; i++) Validate(value.Values[i], rules, $"{path}[{i}]");
    }

    /// <summary>
    /// Branches are distinguished by their types, so that the mistakes of the intended one can be listed.
    /// </summary>
    private void ValidateAnyOf(YamlValue value, JsonElement branches, string path)
    {
        var all = branches.EnumerateArray().ToList();
        var meant = all.FindIndex(branch => TypeOf(branch) == NameOf(value.Kind));
        if (meant >= 0 && !IsOtherWord(value, all[meant])) Validate(value, all[meant], path);
        else Mistake(value.Place, path, $"expected {string.Join(" or ", all.Select(Describe))}, found {Describe(value)}.");
    }

    /// <summary>
    /// True for a text where one constant is allowed beside other types: the intended branch is then unknown.
    /// </summary>
    private static bool IsOtherWord(YamlValue value, JsonElement branch) =>
        branch.TryGetProperty("const", out var only) && !(value.IsScalar && value.Text == only.GetString());

    private void CheckUnique(YamlValue value, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in value.Values.Where(item => item.IsScalar && !seen.Add(item.Text)))
            Mistake(item.Place, path, $"'{item.Text}' stands in the list twice.");
    }

    private void CheckEnum(YamlValue value, JsonElement allowed, string path)
    {
        var names = allowed.EnumerateArray().Select(name => name.GetString()!).ToList();
        if (value.IsScalar && names.Contains(value.Text)) return;
        Mistake(value.Place, path, $"{Describe(value)} is not possible here.{Spelling.Suggest(value.IsScalar ? value.Text : "", names)}");
    }

    private void Expect(bool holds, YamlValue value, string path, Func<string> message)
    {
        if (!holds) Mistake(value.Place, path, message());
    }

    private void Mistake(ProfilePlace place, string path, string message) => mistakes.Add(new ProfileMistake(place, path, message));

    private string? TypeOf(JsonElement branch)
    {
        if (branch.TryGetProperty("$ref", out var reference)) return TypeOf(schema.Resolve(reference.GetString()!));
        return branch.TryGetProperty("type", out var type) ? type.GetString() : "string"; // a const
    }

    private string Describe(JsonElement branch) =>
        branch.TryGetProperty("const", out var only) ? $"'{only.GetString()}'" : Describe(TypeOf(branch)!);

    private static List<string> PropertiesOf(JsonElement rules) =>
        rules.TryGetProperty("properties", out var properties) ? [.. properties.EnumerateObject().Select(property => property.Name)] : [];

    private static string Choice(JsonElement rules)
    {
        var one = rules.TryGetProperty("maxProperties", out _) ? "exactly one" : "at least one";
        var names = PropertiesOf(rules);
        return names.Count == 0 ? $"expected {one} entry." : $"expected {one} of {string.Join(", ", names)}.";
    }

    private static string Description(JsonElement rules) => rules.GetProperty("description").GetString()!;

    private static string NameOf(YamlKind kind) => kind switch
    {
        YamlKind.Nothing => "null",
        YamlKind.Text => "string",
        YamlKind.Integer => "integer",
        YamlKind.Boolean => "boolean",
        YamlKind.Sequence => "array",
        _ => "object",
    };

    private static string Describe(string type) => type switch
    {
        "string" => "text",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "a mapping",
    };

    private static string Describe(YamlValue value) => value.Kind switch
    {
        YamlKind.Nothing => "nothing",
        YamlKind.Text => $"'{Shown(value)}'",
        YamlKind.Integer => $"the number {value.Text} (text needs quotes)",
        YamlKind.Boolean => $"{value.Text} (text needs quotes)",
        _ => DescribeKind(value),
    };

    private static string DescribeKind(YamlValue value) => value.Kind switch
    {
        YamlKind.Nothing => "nothing",
        YamlKind.Sequence => "a list",
        YamlKind.Mapping => "a mapping",
        _ => "text",
    };

    /// <summary>Removes user and password from a URL.</summary>
    private static string Shown(YamlValue value) => UserInformation().Replace(value.Text, "...@");

    [GeneratedRegex(@"(?<=://)\S*@", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UserInformation();
}
