using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.MoveAside;

/// <summary>The aliases of indices that are restored, as state.json has them.</summary>
internal sealed class IndexAliases(SearchServer server, JsonObject state, IReadOnlyList<string> indices)
{
    /// <summary>
    /// Refuses conflicts of aliases: an alias cannot have the name of an index, and an alias that points to another
    /// index would point to two.
    /// </summary>
    /// <param name="mayTake">Aliases that point elsewhere are moved, unless they belong to a series.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <returns>The aliases that will be moved or shared, each as a sentence.</returns>
    /// <exception cref="ProblemException">There is such an alias.</exception>
    public async Task<IReadOnlyList<string>> RefuseOthersAsync(bool mayTake, CancellationToken cancellation)
    {
        var holders = await HoldersAsync(server, cancellation);
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

    /// <summary>
    /// Sets all aliases in one change, which removes them from indices that did not have them in the point.
    /// </summary>
    public async Task PutBackAsync(StepContext context, CancellationToken cancellation)
    {
        var holders = await HoldersAsync(server, cancellation);
        var changes = ChangesFor(holders);
        var names = changes.Wanted.Select(alias => alias.Alias).ToHashSet(StringComparer.Ordinal);
        if (holders.Select(holder => holder.Index).FirstOrDefault(names.Contains) is { } occupier)
            throw Occupied($"The alias '{occupier}' cannot be set: an index of that name was made meanwhile.", occupier, "run 'holdfast recover' if the restore could not be taken back, and restore again");
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

    private AliasChanges ChangesFor(IReadOnlyList<(string Index, JsonObject Aliases)> holders) => new(state[SearchState.Indices] as JsonObject ?? [], indices, holders);

    /// <summary>The aliases of the indices that there are now, by index.</summary>
    public static async Task<IReadOnlyList<(string Index, JsonObject Aliases)>> HoldersAsync(SearchServer server, CancellationToken cancellation) =>
        [.. ((await server.GetAsync("/_alias", cancellation)) as JsonObject ?? []).Select(index => (index.Key, index.Value?["aliases"] as JsonObject ?? []))];
}
