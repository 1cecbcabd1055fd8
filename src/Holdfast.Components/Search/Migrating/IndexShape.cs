using System.IO.Enumeration;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Building;
using Holdfast.Components.Search.Definitions;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Migrating;

/// <summary>Mapping, settings and aliases of an index that is there, and how they differ from what the profile wants.</summary>
internal sealed class IndexShape(IndexDefinition definition, AliasedIndex place, JsonObject mapping, SortedDictionary<string, JsonNode?> settings)
{
    public IReadOnlyList<Difference> Mapping { get; } = definition.Mapping is { } wanted ? MappingComparison.Of(wanted, mapping) : [];

    public IReadOnlyList<Difference> Settings { get; } =
    [
        .. (definition.Settings ?? new Dictionary<string, JsonNode?>(StringComparer.Ordinal))
            .Select(setting => new Difference(setting.Key, FlatSettings.Text(settings.GetValueOrDefault(setting.Key)), FlatSettings.Text(setting.Value), FlatSettings.IsFixed(setting.Key)))
            .Where(difference => difference.There != difference.Wanted),
    ];

    public IReadOnlyList<Difference> Aliases { get; } =
    [
        .. definition.Aliases.Where(alias => !place.Aliases.TryGetValue(alias.Key, out var there) || !IsSame(alias.Value, there))
            .Select(alias => new Difference($"alias {alias.Key}", place.Aliases.TryGetValue(alias.Key, out var there) ? there.ToJsonString() : "", alias.Value.ToJsonString(), NeedsNew: false)),
    ];

    public IEnumerable<Difference> All => Mapping.Concat(Settings).Concat(Aliases);

    public bool NeedsNew => All.Any(difference => difference.NeedsNew);

    /// <summary>Reads the index from the engine.</summary>
    public static async Task<IndexShape> ReadAsync(SearchServer server, IndexDefinition definition, AliasedIndex place, string index, CancellationToken cancellation)
    {
        var there = (await server.GetAsync($"/{SearchServer.Part(index)}?flat_settings=true", cancellation))[index]!;
        return new IndexShape(definition, place, there["mappings"] as JsonObject ?? [], FlatSettings.Of(there["settings"] as JsonObject ?? []));
    }

    /// <summary>Documents would be written that mean something else to the engine than to the profile.</summary>
    /// <exception cref="ProblemException">A field is of another kind than the profile wants.</exception>
    public void RefuseConflicts(string index)
    {
        // Only types: other parameters change how a field is found, not whether it can be written.
        var conflicts = Mapping.Where(difference => difference.NeedsNew && difference.What.StartsWith("field ", StringComparison.Ordinal)).ToList();
        if (conflicts.Count > 0)
            throw new ProblemException(Catalogue.SearchMapping.With($"{index} and the profile (line {definition.Place.Line}) disagree on {conflicts.Count} fields.") with { Details = [.. conflicts.Select(conflict => conflict.ToString())] });
    }

    /// <summary>
    /// Refuses a version field that is not in _source: it cannot be read back, and each sync would find a different
    /// version in every document.
    /// </summary>
    /// <exception cref="ProblemException">The version field is not in _source.</exception>
    public void RefuseHiddenVersion(string index)
    {
        if (definition.Source?.VersionField is not { } field || Keeps(field)) return;
        throw Catalogue.SearchDefinition.Throwable(
            $"The mapping of {index} keeps '{field}' out of _source, so 'version-field: {field}' (line {definition.Source.Place.Line} of the profile) cannot be compared.",
            "Use 'version', or change the mapping so that _source has the field ('holdfast search reindex' makes the index again).");
    }

    /// <summary>The engine copies what _source has: where it lacks something, a copy would lack it for good.</summary>
    /// <exception cref="ProblemException">_source is not whole.</exception>
    public void RefusePartialSource(string index)
    {
        if (mapping["_source"] is not JsonObject source || (IsEnabled(source) && PatternsOf(source, "includes").Count == 0 && PatternsOf(source, "excludes").Count == 0)) return;
        throw Catalogue.SearchMigrate.Throwable(
            $"{index} cannot be copied: its mapping keeps {(IsEnabled(source) ? "only some fields" : "nothing")} in _source, so the copy would lose the rest.",
            definition.Source is null ? "Let the platform's own command do it ('delegate' in the profile, --delegate)." : $"Build it from the database, as the profile describes it: 'holdfast search reindex {definition.Alias}'.");
    }

    private bool Keeps(string field)
    {
        if (mapping["_source"] is not JsonObject source) return true;
        if (!IsEnabled(source)) return false;
        var parts = field.Split('.');
        var paths = Enumerable.Range(1, parts.Length).Select(count => string.Join('.', parts.Take(count))).ToList(); // the field and its parents
        return !PatternsOf(source, "excludes").Exists(Fits) && (PatternsOf(source, "includes") is { Count: 0 } || PatternsOf(source, "includes").Exists(Fits));

        bool Fits(string pattern) => paths.Exists(path => FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false));
    }

    private static bool IsEnabled(JsonObject source) => !bool.TryParse(source["enabled"]?.ToString(), out var isEnabled) || isEnabled;

    private static List<string> PatternsOf(JsonObject source, string name) => [.. source[name] switch { JsonArray list => list.Select(pattern => (string)pattern!), { } one => [(string)one!], null => [] }];

    /// <summary>
    /// Whether all options that the profile sets are equal; the engine returns "routing" as two options.
    /// </summary>
    private static bool IsSame(JsonObject wanted, JsonObject there) => wanted.All(option => option.Key == "routing"
        ? JsonNode.DeepEquals(option.Value, there["index_routing"]) && JsonNode.DeepEquals(option.Value, there["search_routing"])
        : JsonNode.DeepEquals(option.Value, there[option.Key]));
}
