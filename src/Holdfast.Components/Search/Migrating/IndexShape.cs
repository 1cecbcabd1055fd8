using System.Text.Json.Nodes;
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

    /// <summary>Asks the engine.</summary>
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

    /// <summary>What the profile says nothing about may be as it is; "routing" is what the engine answers as two.</summary>
    private static bool IsSame(JsonObject wanted, JsonObject there) => wanted.All(option => option.Key == "routing"
        ? JsonNode.DeepEquals(option.Value, there["index_routing"]) && JsonNode.DeepEquals(option.Value, there["search_routing"])
        : JsonNode.DeepEquals(option.Value, there[option.Key]));
}
