using System.Globalization;
using System.Text.Json.Nodes;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// The type of a YAML value, by the core schema. Source: YAML 1.2.2, 10.3.2, without numbers that are not decimal
/// integers.
/// </summary>
internal enum YamlKind
{
    Nothing,
    Text,
    Integer,
    Boolean,
    Sequence,
    Mapping,
}

/// <summary>A key of a mapping, its place, and its value.</summary>
internal sealed record YamlEntry(string Key, ProfilePlace Place, YamlValue Value);

/// <summary>A value of a YAML document, with its place.</summary>
internal sealed class YamlValue : ProfileNode
{
    private readonly string? _text;

    public YamlValue(ProfilePlace place, string text, bool isPlain)
    {
        (Place, _text) = (place, text);
        Kind = isPlain ? KindOf(text) : YamlKind.Text;
    }

    public YamlValue(ProfilePlace place, IReadOnlyList<YamlValue> items) => (Place, Kind, Values) = (place, YamlKind.Sequence, items);

    public YamlValue(ProfilePlace place, IReadOnlyList<YamlEntry> entries) => (Place, Kind, Entries) = (place, YamlKind.Mapping, entries);

    public YamlKind Kind { get; }
    public IReadOnlyList<YamlValue> Values { get; } = [];
    public IReadOnlyList<YamlEntry> Entries { get; } = [];

    public override ProfilePlace Place { get; }
    public override bool IsScalar => _text is not null;
    public override bool IsMapping => Kind == YamlKind.Mapping;
    public override IReadOnlyList<string> Keys => [.. Entries.Select(entry => entry.Key)];
    public override IReadOnlyList<ProfileNode> Items => Values;
    public override string Text => _text ?? throw Unexpected("a scalar");
    public override int Integer => Kind == YamlKind.Integer ? int.Parse(Text, CultureInfo.InvariantCulture) : throw Unexpected("an integer");
    public override bool Boolean => Kind == YamlKind.Boolean ? IsTrue(Text) : throw Unexpected("true or false");

    public override bool Has(string key) => Entry(key) is not null;

    public override JsonNode? ToJson() => Kind switch
    {
        YamlKind.Nothing => null,
        YamlKind.Integer => Integer,
        YamlKind.Boolean => Boolean,
        YamlKind.Sequence => new JsonArray([.. Values.Select(value => value.ToJson())]),
        YamlKind.Mapping => new JsonObject(Entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.ToJson()))),
        _ => Text,
    };

    public override ProfileNode this[string key] => Entry(key)?.Value ?? throw Unexpected($"a mapping with '{key}'");

    private YamlEntry? Entry(string key) => Entries.FirstOrDefault(entry => entry.Key == key);

    private InvalidOperationException Unexpected(string wanted) =>
        new($"The value at line {Place.Line}, column {Place.Column} was read as {wanted}, which the schema does not promise.");

    private static YamlKind KindOf(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => YamlKind.Nothing,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => YamlKind.Boolean,
        _ => IsInteger(plain) ? YamlKind.Integer : YamlKind.Text,
    };

    private static bool IsTrue(string text) => text.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Digits that do not fit into 32 bits remain text: the schema allows nothing larger.</summary>
    private static bool IsInteger(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
}
