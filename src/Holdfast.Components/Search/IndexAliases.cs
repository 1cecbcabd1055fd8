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

    /// <summary>An alias can not have the name of an index; and one that points to an index of another name would point to two.</summary>
    /// <param name="mayTake">Those that point elsewhere are taken from there, unless they are of a series.</param>
    /// <param name="cancellation">Stops asking.</param>
    /// <returns>What will be taken or shared, each as a sentence.</returns>
    /// <exception cref="ProblemException">There is one.</exception>
    public async Task<IReadOnlyList<string>> RefuseOthersAsync(bool mayTake, CancellationToken cancellation)
    {
        var holders = await HoldersAsync(cancellation);
        var changes = ChangesFor(holders);
        var wanted = changes.Wanted.Select(alias => alias.Alias).ToHashSet(StringComparer.Ordinal);
        var restored = indices.ToHashSet(StringComparer.Ordinal);
        foreach (var (index, about) in holders)
        {
            if (wanted.Contains(index)) throw Occupied($"The point has an alias '{index}', and there is an index of that name.", index, "restore again");
            if (!restored.Contains(index) && about.Select(alias => alias.Key).FirstOrDefault(restored.Contains) is { } alias)
                throw Catalogue.SearchAlias.Throwable($"The point has an index '{alias}', and there is an alias of that name, which leads to {index}.", $"Take the alias away from {index} (POST _aliases), then restore again.");
        }
        if (!mayTake && changes.Taken is [var first, ..])
            throw Catalogue.SearchAlias.Throwable($"The alias '{first.Alias}' leads to the index {first.Index}, which did not have it in the point: after the restore it would lead to two.");
        return [.. changes.Taken.Select(taken => $"Takes '{taken.Alias}' from {taken.Index}."), .. changes.Shared];
    }

    /// <summary>Templates that are not there; then all aliases in one change, in which they are taken from whoever has them and had not.</summary>
    public async Task PutBackAsync(StepContext context, CancellationToken cancellation)
    {
        foreach (var name in await PutTemplatesAsync(cancellation)) context.Note($"{name} was put back.");
        var holders = await HoldersAsync(cancellation);
        var changes = ChangesFor(holders);
        var names = changes.Wanted.Select(alias => alias.Alias).ToHashSet(StringComparer.Ordinal);
        if (holders.Select(holder => holder.Index).FirstOrDefault(names.Contains) is { } occupier)
            throw Occupied($"The alias '{occupier}' can not be set: an index of that name was made meanwhile.", occupier, "run 'holdfast recover' if the restore could not be taken back, and restore again");
        var actions = changes.Actions();
        if (actions.Count > 0) await server.PostAsync("/_aliases", new JsonObject { ["actions"] = actions }, cancellation);
        if (changes.Wanted.Count() is > 0 and var count) context.Note($"{count} aliases lead to what was restored.");
        foreach (var (alias, index) in changes.Taken) context.Note($"The alias '{alias}' does not lead to {index} any more, as it did before the restore.");
        foreach (var shared in changes.Shared) context.Note(shared);
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

    private AliasChanges ChangesFor(IReadOnlyList<(string Index, JsonObject Aliases)> holders) => new(state[SearchState.Indices] as JsonObject ?? [], indices, holders);

    private async Task<IReadOnlyList<(string Index, JsonObject Aliases)>> HoldersAsync(CancellationToken cancellation) =>
        [.. ((await server.GetAsync("/_alias", cancellation)) as JsonObject ?? []).Select(index => (index.Key, index.Value?["aliases"] as JsonObject ?? []))];
}
