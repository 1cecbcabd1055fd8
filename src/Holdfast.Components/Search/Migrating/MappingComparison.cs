using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Migrating;

/// <summary>
/// Compares the mapping of the profile with that of the index, field by field. Fields that only the index has are no
/// difference: the engine creates some itself, and none can be removed. A parameter that is not set counts as the
/// engine's default, which the engine does not return. Source: the engines' reference manuals, "Mapping parameters".
/// </summary>
internal sealed class MappingComparison
{
    /// <summary>
    /// Parameters that every engine can change in an existing field. Others are tried: engines and their versions
    /// differ, and some changes are possible in one direction only (norms, a further child of a join).
    /// </summary>
    private static readonly HashSet<string> _changeable = new(StringComparer.Ordinal)
    {
        "ignore_above", "ignore_malformed", "coerce", "search_analyzer", "search_quote_analyzer", "boost", "dynamic", "eager_global_ordinals", "meta", "copy_to", "fielddata",
        "date_detection", "numeric_detection", "dynamic_date_formats", "dynamic_templates",
    };

    private static readonly Dictionary<string, string> _defaults = new(StringComparer.Ordinal)
    {
        ["index"] = "true", ["doc_values"] = "true", ["store"] = "false", ["norms"] = "true", ["coerce"] = "true", ["ignore_malformed"] = "false", ["enabled"] = "true", ["dynamic"] = "true",
        ["boost"] = "1", ["eager_global_ordinals"] = "false", ["split_queries_on_whitespace"] = "false", ["format"] = "strict_date_optional_time||epoch_millis", ["ignore_z_value"] = "true",
        ["date_detection"] = "true", ["numeric_detection"] = "false", ["fielddata"] = "false", ["include_in_parent"] = "false", ["include_in_root"] = "false",
    };

    /// <summary>Defaults of fields of one type; the engine returns some of them although they were not set.</summary>
    private static readonly Dictionary<(string Type, string Name), string> _typed = new()
    {
        [("join", "eager_global_ordinals")] = "true",
        [("completion", "analyzer")] = "simple", [("completion", "preserve_separators")] = "true", [("completion", "preserve_position_increments")] = "true", [("completion", "max_input_length")] = "50",
        [("search_as_you_type", "doc_values")] = "false", [("search_as_you_type", "max_shingle_size")] = "3",
    };

    private readonly List<Difference> _found = [];

    /// <summary>Returns the differences of two mappings.</summary>
    public static IReadOnlyList<Difference> Of(JsonObject wanted, JsonObject there)
    {
        var comparison = new MappingComparison();
        comparison.CompareParameters("mapping", wanted, there, ["properties", "_meta"]);
        comparison.CompareMeta(wanted["_meta"] as JsonObject ?? [], there["_meta"] as JsonObject ?? []);
        comparison.CompareFields("", wanted["properties"] as JsonObject ?? [], there["properties"] as JsonObject ?? []);
        return comparison._found;
    }

    private void CompareFields(string path, JsonObject wanted, JsonObject there)
    {
        foreach (var (name, about) in wanted)
        {
            var field = path + name;
            if (about is not JsonObject want) continue;
            if (there[name] is not JsonObject have)
            {
                _found.Add(new Difference($"field {field}", "", want.ToJsonString(), NeedsNew: false));
                continue;
            }
            var (wantedType, haveType) = (TypeOf(want), TypeOf(have));
            if (wantedType != haveType)
            {
                _found.Add(new Difference($"field {field}", haveType, wantedType, NeedsNew: true));
                continue;
            }
            CompareParameters($"field {field}", want, have, ["type", "properties", "fields"]);
            CompareFields($"{field}.", want["fields"] as JsonObject ?? [], have["fields"] as JsonObject ?? []);
            CompareFields($"{field}.", want["properties"] as JsonObject ?? [], have["properties"] as JsonObject ?? []);
        }
    }

    private void CompareParameters(string of, JsonObject wanted, JsonObject there, string[] except)
    {
        foreach (var name in wanted.Select(entry => entry.Key).Union(there.Select(entry => entry.Key), StringComparer.Ordinal).Except(except, StringComparer.Ordinal))
        {
            // What the profile does not say of the index as a whole is the engine's own affair.
            if (!wanted.ContainsKey(name) && of == "mapping") continue;
            var type = of == "mapping" ? "" : TypeOf(there);
            var (want, have) = (Text(type, name, wanted[name]), Text(type, name, there[name]));
            if (!IsSame(want, have)) _found.Add(new Difference($"{name} of {of}", have, want, NeedsNew: false) { MayNeedNew = !_changeable.Contains(name) });
        }
    }

    private void CompareMeta(JsonObject wanted, JsonObject there)
    {
        foreach (var (name, want) in wanted)
            if (!JsonNode.DeepEquals(want, there[name])) _found.Add(new Difference($"_meta.{name} of mapping", there[name]?.ToJsonString() ?? "", want?.ToJsonString() ?? "null", NeedsNew: false));
    }

    private static string TypeOf(JsonObject field) => (string?)field["type"] ?? "object";

    private static string Text(string type, string name, JsonNode? value) => value switch
    {
        null => _typed.TryGetValue((type, name), out var typed) ? typed : _defaults.GetValueOrDefault(name, ""),
        JsonValue => value.ToString(),
        _ => value.ToJsonString(),
    };

    /// <summary>Compares numbers with and without a fraction of zero as equal.</summary>
    private static bool IsSame(string a, string b) => string.Equals(a, b, StringComparison.Ordinal)
        || (double.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out var one) && double.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out var other) && one == other)
        || (bool.TryParse(a, out var yes) && bool.TryParse(b, out var alsoYes) && yes == alsoYes);
}

/// <summary>
/// One difference: the object, its value in the index ("" when it does not exist), and the value that the profile
/// defines.
/// </summary>
internal sealed record Difference(string What, string There, string Wanted, bool NeedsNew)
{
    /// <summary>The engine is asked whether it changes this as it is; where it refuses, a new index is needed.</summary>
    public bool MayNeedNew { get; init; }

    /// <summary>Refuses differences that remain just after a change: every run would make the change again.</summary>
    /// <exception cref="ProblemException">A difference remains.</exception>
    public static void RefuseOtherForm(string what, IReadOnlyList<Difference> left)
    {
        if (left.Count == 0) return;
        throw new ProblemException(Catalogue.SearchDefinition.With($"The engine writes {what} in another way than the profile.", "Write it in the profile as the engine does; the details have both.") with { Details = [.. left.Select(difference => difference.ToString())] });
    }

    public override string ToString() => $"{What}: {(There.Length == 0 ? "not there" : There)} -> {(Wanted.Length == 0 ? "the engine's default" : Wanted)}{(NeedsNew ? " (needs a new index)" : MayNeedNew ? " (needs a new index, unless the engine changes it in place)" : "")}";
}
