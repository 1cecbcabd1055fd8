using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Definitions;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Building;

/// <summary>
/// An index that is being built. Until it is complete it is filled without replicas and without refreshes, which is
/// fastest, no alias points to it, and _meta of its mapping names its alias and its purpose, so that a later run finds
/// it.
/// </summary>
internal sealed class NewIndex(SearchServer server, string name, TimeProvider clock)
{
    private const string Meta = "_meta", Key = "holdfast", Filling = "filling", Refresh = "index.refresh_interval", Replicas = "index.number_of_replicas", Durability = "index.translog.durability", FinalPipeline = "index.final_pipeline";

    /// <summary>The value for no pipeline in requests and settings.</summary>
    public const string NoPipeline = "_none";

    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100), _patience = TimeSpan.FromMinutes(5);

    public string Name => name;

    private string Path => $"/{SearchServer.Part(name)}";

    /// <summary>
    /// The index that an earlier run has begun for an alias, with the fingerprint of its definition; null when there is
    /// none.
    /// </summary>
    public static async Task<(string Name, string Fingerprint)?> FindBegunAsync(SearchServer server, AliasedIndex place, string purpose, CancellationToken cancellation)
    {
        var newest = place.Current is { } current ? place.Versions.GetValueOrDefault(current) : 0;
        foreach (var version in place.Versions.Where(version => version.Value > newest).OrderByDescending(version => version.Value).Select(version => version.Key))
        {
            var about = (await server.FindAsync($"/{SearchServer.Part(version)}/_mapping", cancellation))?[version]?["mappings"]?[Meta]?[Key];
            if ((string?)about?["state"] == Filling && (string?)about["alias"] == place.Alias && (string?)about["for"] == purpose) return (version, (string?)about["definition"] ?? "");
        }
        return null;
    }

    /// <summary>
    /// Creates the index by a definition; what the definition does not set is copied from the index in use. It has none
    /// of the aliases that are moved to it later.
    /// </summary>
    /// <exception cref="ProblemException">The engine refuses, the definition is invalid, or a template gives one of the
    /// aliases.</exception>
    public async Task MakeAsync(IndexDefinition definition, AliasedIndex place, string purpose, CancellationToken cancellation, bool isCopy = false)
    {
        // Templates may have changed since this was planned, by a step before this one too.
        await GivingTemplates.RefuseAsync(server, definition, place, name, new Dictionary<string, JsonObject>(StringComparer.Ordinal), cancellation);
        var (mapping, settings) = await ShapeAsync(definition, place.Current, cancellation);
        mapping[Meta] = MetaOf(mapping, new JsonObject { ["alias"] = definition.Alias, ["for"] = purpose, ["definition"] = definition.Fingerprint, ["state"] = Filling });
        (settings[Refresh], settings[Replicas], settings[Durability]) = ("-1", 0, "async");
        // Copied documents have passed this pipeline already, and a request cannot skip it.
        if (isCopy && (await ServerDialect.AskAsync(server, cancellation)).HasFinalPipeline) settings[FinalPipeline] = NoPipeline;
        try
        {
            // The answer comes before the shards do, so that an alias can be taken off at once.
            await server.PutAsync($"{Path}?wait_for_active_shards=0", new JsonObject { ["settings"] = new JsonObject(settings.Select(Pair)), ["mappings"] = mapping }, cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Code == Catalogue.SearchRefused.Code)
        {
            throw Catalogue.SearchDefinition.Throwable($"The engine does not make an index as '{definition.Alias}' on line {definition.Place.Line} of the profile: {refused.Problem.Message}");
        }
        await TakeOffAsync(definition, place, cancellation);
        await WaitAsync(cancellation);
    }

    /// <summary>
    /// Removes the aliases that a template has given the index and that are moved to it later. Other aliases of a
    /// template stay.
    /// </summary>
    private async Task TakeOffAsync(IndexDefinition definition, AliasedIndex place, CancellationToken cancellation)
    {
        var aliases = (await server.GetAsync($"{Path}/_alias", cancellation))[name]?["aliases"] as JsonObject ?? [];
        var given = aliases.Select(alias => alias.Key).Where(alias => place.IsLed(definition, alias)).ToList();
        if (given.Count == 0) return;
        var actions = given.Select(alias => (JsonNode)new JsonObject { ["remove"] = new JsonObject { ["index"] = name, ["alias"] = alias } });
        await server.PostAsync("/_aliases", new JsonObject { ["actions"] = new JsonArray([.. actions]) }, cancellation);
    }

    /// <summary>Makes what was written durable and searchable, and applies the settings of an index in use.</summary>
    /// <param name="definition">The profile's definition of the index.</param>
    /// <param name="like">The index in use, for what the profile does not set; null when there is none.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <param name="isCopy">The documents were copied from the index in use, without its final pipeline, which is set
    /// now.</param>
    /// <exception cref="ProblemException">The engine refuses, or a shard does not start.</exception>
    public async Task FinishAsync(IndexDefinition definition, string? like, CancellationToken cancellation, bool isCopy = false)
    {
        var (_, settings) = await ShapeAsync(definition, like, cancellation);
        var usual = new JsonObject([Pair(Refresh), Pair(Replicas), Pair(Durability)]);
        if (isCopy && (await ServerDialect.AskAsync(server, cancellation)).HasFinalPipeline) usual.Add(Pair(FinalPipeline));
        await server.Patient.PostAsync($"{Path}/_flush?wait_if_ongoing=true", null, cancellation);
        await server.PutAsync($"{Path}/_settings", usual, cancellation);
        await server.Patient.PostAsync($"{Path}/_refresh", null, cancellation);
        await WaitAsync(cancellation);

        // Null is the engine's default.
        KeyValuePair<string, JsonNode?> Pair(string setting) => new(setting, settings.TryGetValue(setting, out var value) ? value?.DeepClone() : null);
    }

    /// <summary>Removes the mark of an incomplete index.</summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    private async Task SealAsync(CancellationToken cancellation)
    {
        var mapping = (await server.GetAsync($"{Path}/_mapping", cancellation))[name]!["mappings"]!.AsObject();
        var meta = mapping[Meta]?.DeepClone().AsObject() ?? [];
        meta[Key] = new JsonObject { ["definition"] = meta[Key]?["definition"]?.DeepClone() };
        await server.PutAsync($"{Path}/_mapping", new JsonObject { [Meta] = meta }, cancellation);
    }

    public Task<bool> DeleteAsync(CancellationToken cancellation) => server.DeleteAsync(Path, cancellation);

    /// <summary>The number of its searchable documents.</summary>
    public Task<long> CountAsync(CancellationToken cancellation) => SearchState.CountAsync(server, name, cancellation);

    /// <summary>
    /// Points all aliases to the index in one change: those of the index that it replaces, and those of the definition.
    /// </summary>
    /// <exception cref="ProblemException">The engine refuses, or the alias was changed since it was
    /// planned.</exception>
    public async Task LeadAsync(IndexDefinition definition, AliasedIndex planned, CancellationToken cancellation)
    {
        var place = await AliasedIndex.FindAsync(server, definition.Alias, cancellation);
        if (place.Current != planned.Current)
            throw Catalogue.SearchAlias.Throwable(
                $"Somebody has led the alias '{definition.Alias}' from {planned.Current ?? "nothing"} to {place.Current ?? "nothing"} meanwhile, so it was not led to {name}.",
                $"See who does; then lead it back and run the command again, or delete {name}.");
        var mustExist = (await ServerDialect.AskAsync(server, cancellation)).HasMustExist;
        var actions = new List<JsonNode>();
        foreach (var alias in place.Aliases.Keys)
        {
            var removed = new JsonObject { ["index"] = place.Current, ["alias"] = alias };
            if (mustExist) removed["must_exist"] = true;
            actions.Add(new JsonObject { ["remove"] = removed });
        }
        foreach (var (alias, about) in place.Aliases.Where(alias => !definition.Aliases.ContainsKey(alias.Key)).Concat(definition.Aliases))
        {
            // What the profile says nothing about stays as it is.
            var options = (about.Count == 0 && place.Aliases.TryGetValue(alias, out var there) ? there : about).DeepClone().AsObject();
            (options["index"], options["alias"]) = (name, alias);
            actions.Add(new JsonObject { ["add"] = options });
        }
        await server.PostAsync("/_aliases", new JsonObject { ["actions"] = new JsonArray([.. actions]) }, cancellation);
        await SealAsync(cancellation);
    }

    private async Task<(JsonObject Mapping, SortedDictionary<string, JsonNode?> Settings)> ShapeAsync(IndexDefinition definition, string? like, CancellationToken cancellation)
    {
        var there = like is null ? null : (await server.GetAsync($"/{SearchServer.Part(like)}?flat_settings=true", cancellation))[like];
        var mapping = (definition.Mapping ?? there?["mappings"] as JsonObject ?? []).DeepClone().AsObject();
        var settings = there?["settings"] is JsonObject portable ? FlatSettings.Portable(portable) : new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (setting, value) in definition.Settings ?? new Dictionary<string, JsonNode?>(StringComparer.Ordinal)) settings[setting] = value;
        return (mapping, settings);
    }

    private static JsonObject MetaOf(JsonObject mapping, JsonObject about)
    {
        var meta = mapping[Meta]?.DeepClone().AsObject() ?? [];
        meta[Key] = about;
        return meta;
    }

    private static KeyValuePair<string, JsonNode?> Pair(KeyValuePair<string, JsonNode?> setting) => new(setting.Key, setting.Value?.DeepClone());

    private async Task WaitAsync(CancellationToken cancellation)
    {
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < _patience; await Task.Delay(_look, clock, cancellation))
            if (await server.FindAsync($"/_cluster/health{Path}", cancellation) is { } health && (string?)health["status"] is "green" or "yellow") return;
        throw Catalogue.SearchBuild.Throwable($"Not every shard of {name} came up within {_patience.TotalMinutes:0} minutes.", "See _cluster/allocation/explain and the engine's log.");
    }
}
