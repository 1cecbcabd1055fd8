using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Building;
using Holdfast.Components.Search.Definitions;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Migrating;

/// <summary>
/// The steps that bring templates and indices to what the profile defines: in place where the engine allows it,
/// otherwise by a copy. When nothing differs there is no step.
/// </summary>
internal sealed class IndexMigration(SearchWork work, IndexUndos undos, IndexDefinitions definitions, int? pace)
{
    private SearchServer Server => work.Server;

    /// <param name="aliases">The indices, by their aliases.</param>
    /// <param name="found">Receives each alias whose index differs.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">The engine cannot be queried, or a definition is invalid.</exception>
    public async Task<IReadOnlyList<Step>> PlanAsync(IReadOnlyList<string> aliases, Action<string> found, CancellationToken cancellation)
    {
        var steps = new List<Step>();
        foreach (var (name, wanted) in definitions.Templates())
        {
            var template = await TemplateShape.ReadAsync(Server, name, wanted, cancellation);
            if (template.Differences.Count > 0) steps.Add(work.Step($"Put the template {name}", Text(template.Differences), (_, stop) => PutAsync(template, stop)));
        }
        foreach (var definition in aliases.Select(definitions.Of))
        {
            var differing = await PlanOneAsync(definition, cancellation);
            if (differing.Count > 0) found(definition.Alias);
            steps.AddRange(differing);
        }
        return steps;
    }

    private async Task<IReadOnlyList<Step>> PlanOneAsync(IndexDefinition definition, CancellationToken cancellation)
    {
        var place = await AliasedIndex.FindAsync(Server, definition.Alias, cancellation);
        await RefuseOthersAsync(definition, place, cancellation);
        var copy = new IndexCopy(work, undos, definition, place);
        if (place.Current is not { } index) return copy.Steps(pace);
        var shape = await IndexShape.ReadAsync(Server, definition, place, index, cancellation);
        var differences = shape.All.ToList();
        if (differences.Count == 0) return [];
        await IndexBlocks.RefuseAsync(Server, index, cancellation);
        if (shape.NeedsNew) shape.RefusePartialSource(index);
        if (!shape.NeedsNew) return [work.Step($"Change {index}", $"{Text(differences)}{(shape.All.Any(difference => difference.MayNeedNew) ? $" Where the engine refuses to, copies it into a new index; {index} may not be written meanwhile." : "")}", (context, stop) => ChangeAsync(definition, place, shape, context, stop))];
        await GivingTemplates.RefuseAsync(Server, definition, place, place.Next, definitions.Templates(), cancellation);
        var steps = copy.Steps(pace);
        return [steps[0] with { Does = $"{Text(differences)} {steps[0].Does}" }, .. steps.Skip(1)];
    }

    /// <summary>
    /// Refuses an alias of the definition that another index has: the alias would point to two indices.
    /// </summary>
    private async Task RefuseOthersAsync(IndexDefinition definition, AliasedIndex place, CancellationToken cancellation)
    {
        foreach (var alias in definition.Aliases.Keys.Where(alias => alias != definition.Alias))
        {
            var holders = (await Server.FindAsync($"/_alias/{SearchServer.Part(alias)}", cancellation) as JsonObject ?? []).Select(index => index.Key).Where(index => index != place.Current).ToList();
            if (holders.Count > 0 && holders[0] != "error")
                throw Catalogue.SearchAlias.Throwable($"The alias '{alias}', which is to lead to '{definition.Alias}' (line {definition.Place.Line} of the profile), leads to {string.Join(", ", holders)}.", "Take it away there, or out of the profile.");
        }
    }

    private async Task PutAsync(TemplateShape template, CancellationToken cancellation)
    {
        await template.PutAsync(Server, cancellation);
        Difference.RefuseOtherForm($"the template {template.Name}", (await TemplateShape.ReadAsync(Server, template.Name, template.Wanted, cancellation)).Differences);
    }

    private async Task ChangeAsync(IndexDefinition definition, AliasedIndex place, IndexShape shape, StepContext context, CancellationToken cancellation)
    {
        var index = place.Current!;
        var path = $"/{SearchServer.Part(index)}";
        try
        {
            if (shape.Mapping.Count > 0) await Server.PutAsync($"{path}/_mapping", await MappingOfAsync(definition, index, cancellation), cancellation);
            if (shape.Settings.Count > 0) await Server.PutAsync($"{path}/_settings", new JsonObject(shape.Settings.Select(setting => KeyValuePair.Create(setting.What, definition.Settings![setting.What]?.DeepClone()))), cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Code == Catalogue.SearchRefused.Code)
        {
            shape.RefusePartialSource(index);
            context.Note($"The engine does not change {index} as it is, so it is copied: {refused.Problem.Message}");
            await new IndexCopy(work, undos, definition, place).RunAsync(pace, context, cancellation);
            return;
        }
        if (shape.Aliases.Count > 0) await Server.PostAsync("/_aliases", new JsonObject { ["actions"] = new JsonArray([.. AliasActions(definition, index)]) }, cancellation);
        var after = await AliasedIndex.FindAsync(Server, definition.Alias, cancellation);
        Difference.RefuseOtherForm($"'{definition.Alias}'", [.. (await IndexShape.ReadAsync(Server, definition, after, index, cancellation)).All]);
    }

    private static IEnumerable<JsonNode> AliasActions(IndexDefinition definition, string index) => definition.Aliases.Select(alias =>
    {
        var options = alias.Value.DeepClone().AsObject();
        (options["index"], options["alias"]) = (index, alias.Key);
        return (JsonNode)new JsonObject { ["add"] = options };
    });

    /// <summary>The engine replaces _meta as a whole, and some of it may be of others.</summary>
    private async Task<JsonObject> MappingOfAsync(IndexDefinition definition, string index, CancellationToken cancellation)
    {
        var mapping = definition.Mapping!.DeepClone().AsObject();
        if (mapping["_meta"] is not JsonObject meta) return mapping;
        var there = (await Server.GetAsync($"/{SearchServer.Part(index)}/_mapping", cancellation))[index]?["mappings"]?["_meta"] as JsonObject ?? [];
        foreach (var (name, value) in there) if (!meta.ContainsKey(name)) meta[name] = value?.DeepClone();
        return mapping;
    }

    private static string Text(IEnumerable<Difference> differences) => $"{string.Join("; ", differences)}.";
}
