using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;

namespace Holdfast.Components.Search;

/// <summary>The aliases of indices that are restored, and the templates and pipelines beside them, as state.json has them.</summary>
internal sealed class IndexAliases(SearchServer server, JsonObject state, IReadOnlyList<string> indices)
{
    private static readonly (string Key, string Path)[] _plain = [(SearchState.Templates, "/_template"), (SearchState.Pipelines, "/_ingest/pipeline")];
    private static readonly (string Key, string Path, string Item)[] _composable =
        [(SearchState.ComponentTemplates, "/_component_template", "component_template"), (SearchState.IndexTemplates, "/_index_template", "index_template")];

    /// <summary>An alias can not have the name of an index; and one that an index of another name has now would lead to two.</summary>
    /// <param name="mayTake">Those that lead elsewhere are taken from there.</param>
    /// <param name="cancellation">Stops asking.</param>
    /// <returns>What will be taken, and from whom.</returns>
    /// <exception cref="ProblemException">There is one.</exception>
    public async Task<IReadOnlyList<(string Alias, string Index)>> RefuseOthersAsync(bool mayTake, CancellationToken cancellation)
    {
        var taken = new List<(string, string)>();
        var wanted = Wanted().Select(alias => alias.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (index, about) in await HoldersAsync(cancellation))
        {
            if (wanted.Contains(index)) throw Occupied($"The point has an alias '{index}', and there is an index of that name.", index, "restore again");
            foreach (var (alias, _) in about)
            {
                if (indices.Contains(alias, StringComparer.Ordinal) && !indices.Contains(index, StringComparer.Ordinal))
                    throw Catalogue.SearchAlias.Throwable($"The point has an index '{alias}', and there is an alias of that name, which leads to {index}.", $"Take the alias away from {index} (POST _aliases), then restore again.");
                if (!wanted.Contains(alias) || Shares(index, alias)) continue;
                if (!mayTake) throw Catalogue.SearchAlias.Throwable($"The alias '{alias}' leads to the index {index}, which did not have it in the point: after the restore it would lead to two.");
                taken.Add((alias, index));
            }
        }
        return taken;
    }

    /// <summary>Templates that are not there; then all aliases in one change, in which they are taken from whoever has them and had not.</summary>
    public async Task PutBackAsync(StepContext context, CancellationToken cancellation)
    {
        foreach (var name in await PutTemplatesAsync(cancellation)) context.Note($"{name} was put back.");
        var wanted = Wanted().ToList();
        var actions = new List<JsonNode>();
        var taken = new List<string>();
        var names = wanted.Select(alias => alias.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (index, about) in await HoldersAsync(cancellation))
        {
            if (names.Contains(index)) throw Occupied($"The alias '{index}' can not be set: an index of that name was made meanwhile.", index, "run 'holdfast recover' if the restore could not be taken back, and restore again");
            foreach (var alias in about.Select(alias => alias.Key).Where(alias => names.Contains(alias) && !Shares(index, alias)))
            {
                actions.Add(Action("remove", index, alias, []));
                taken.Add($"The alias '{alias}' does not lead to {index} any more, as it did before the restore.");
            }
        }
        foreach (var (index, alias, about) in wanted) actions.Add(Action("add", index, alias, about));
        if (actions.Count > 0) await server.PostAsync("/_aliases", new JsonObject { ["actions"] = new JsonArray([.. actions]) }, cancellation);
        if (wanted.Count > 0) context.Note($"{wanted.Count} aliases lead to what was restored.");
        foreach (var loss in taken) context.Note(loss);
    }

    /// <summary>An index has the name of an alias.</summary>
    /// <param name="what">What was found.</param>
    /// <param name="index">The index.</param>
    /// <param name="then">What to do when it is gone.</param>
    public static ProblemException Occupied(string what, string index, string then) => Catalogue.SearchAlias.Throwable(
        what, $"Whoever writes to an alias that leads nowhere makes such an index. Stop the platform, clone the index under another name if you want to keep what it has (_clone), delete it (DELETE {index}), then {then}.");

    private async Task<IReadOnlyList<string>> PutTemplatesAsync(CancellationToken cancellation)
    {
        var put = new List<string>();
        foreach (var (key, path) in _plain)
            foreach (var (name, about) in state[key] as JsonObject ?? [])
                if (await PutAsync(path, name, about, cancellation)) put.Add($"{path}/{name}");
        foreach (var (key, path, item) in _composable)
            foreach (var entry in state[key]?[key] as JsonArray ?? [])
                if (await PutAsync(path, (string)entry!["name"]!, entry[item], cancellation)) put.Add($"{path}/{(string)entry["name"]!}");
        return put;
    }

    private async Task<bool> PutAsync(string path, string name, JsonNode? about, CancellationToken cancellation)
    {
        var place = $"{path}/{SearchServer.Part(name)}";
        if (name.StartsWith('.') || about is null || await server.FindAsync(place, cancellation) is { } there && there is not JsonObject { Count: 0 }) return false;
        await server.PutAsync(place, about.DeepClone(), cancellation);
        return true;
    }

    /// <summary>It is restored, or had the alias in the point as well: several indices may share one.</summary>
    private bool Shares(string index, string alias) => indices.Contains(index, StringComparer.Ordinal) || state[SearchState.Indices]?[index]?["aliases"]?[alias] is not null;

    private IEnumerable<(string Index, string Name, JsonObject About)> Wanted() =>
        from index in indices
        from alias in state[SearchState.Indices]?[index]?["aliases"] as JsonObject ?? []
        select (index, alias.Key, alias.Value as JsonObject ?? []);

    private async Task<IEnumerable<(string Index, JsonObject Aliases)>> HoldersAsync(CancellationToken cancellation) =>
        ((await server.GetAsync("/_alias", cancellation)) as JsonObject ?? []).Select(index => (index.Key, index.Value?["aliases"] as JsonObject ?? []));

    private static JsonObject Action(string verb, string index, string alias, JsonObject about)
    {
        var action = about.DeepClone().AsObject();
        (action["index"], action["alias"]) = (index, alias);
        return new JsonObject { [verb] = action };
    }
}
