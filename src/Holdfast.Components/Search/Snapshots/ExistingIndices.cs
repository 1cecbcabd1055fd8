using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// The indices of a recovery point that exist in the cluster, hidden ones too, with their state: a restore must move
/// them aside or delete them.
/// </summary>
/// <param name="All">All existing indices.</param>
/// <param name="Closed">Those of them that are closed.</param>
/// <param name="Lost">Those that have lost a shard.</param>
/// <param name="Blocked">Those that cannot even be deleted, with the settings that block it.</param>
internal sealed record ExistingIndices(IReadOnlyList<string> All, IReadOnlyList<string> Closed, IReadOnlyList<string> Lost, IReadOnlyList<string> Blocked)
{
    /// <summary>Indices that the engine cannot clone: closed ones, and those that have lost a shard.</summary>
    public IReadOnlyList<string> Unmovable => [.. Closed.Union(Lost, StringComparer.Ordinal)];

    /// <summary>Indices that can be moved aside.</summary>
    public IEnumerable<string> Movable => All.Except(Unmovable, StringComparer.Ordinal);

    /// <summary>
    /// Reads the indices by their names, because a pattern does not match hidden ones. Settings are read first: for a
    /// missing name, _cat/indices waits half a minute for each request.
    /// </summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public static async Task<ExistingIndices> FindAsync(SearchServer server, IReadOnlyList<string> chosen, CancellationToken cancellation)
    {
        const string those = "ignore_unavailable=true&expand_wildcards=all";
        var lines = new List<JsonNode>();
        var settings = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var names in SearchServer.Parts(chosen))
            foreach (var (index, about) in await server.FindAsync($"/{names}/_settings/index.uuid,index.blocks.*?flat_settings=true&{those}", cancellation) as JsonObject ?? []) settings[index] = about?["settings"];
        foreach (var names in SearchServer.Parts(settings.Keys))
            lines.AddRange((await server.FindAsync($"/_cat/indices/{names}?format=json&h=index,status,health&{those}", cancellation) as JsonArray ?? []).OfType<JsonNode>());
        // A name may be an alias by now, which means other indices.
        var there = lines.ToLookup(line => (string)line["index"]!, StringComparer.Ordinal);
        return new ExistingIndices(
            [.. chosen.Where(there.Contains)],
            [.. chosen.Where(index => there[index].Any(line => (string?)line["status"] != "open"))],
            [.. chosen.Where(index => there[index].Any(line => (string?)line["health"] == "red"))],
            [.. from index in chosen from block in IndexBlocks.Firm where IndexBlocks.IsSet(settings.GetValueOrDefault(index), block) select $"{index} ({block})"]);
    }

    /// <summary>No name of an index has more than 255 bytes, and one that is moved aside gets a longer one.</summary>
    /// <param name="name">The cluster's name.</param>
    /// <param name="suffix">What is added to it.</param>
    /// <exception cref="ProblemException">There is one that would be too long.</exception>
    public void RefuseLongNames(string name, string suffix)
    {
        const int longest = 255;
        if (Movable.Where(index => Encoding.UTF8.GetByteCount(index + suffix) > longest).ToList() is { Count: > 0 } tooLong)
            throw Catalogue.SearchRestore.Throwable($"{string.Join(", ", tooLong)} of {name} cannot be moved aside: with '{suffix}' the name has more than {longest} bytes.", "Leave it out with --exclude, restore it beside with --rename-indices, or delete it (DELETE INDEX) when you do not need what it has.");
    }

    /// <summary>
    /// Refuses indices that the engine cannot clone: closed indices, those with missing shards, and those whose
    /// metadata is blocked.
    /// </summary>
    /// <param name="name">The cluster's name.</param>
    /// <param name="overwrite">A closed index, or one with missing shards, is deleted instead.</param>
    /// <exception cref="ProblemException">There is such an index.</exception>
    public void RefuseUnmovable(string name, bool overwrite)
    {
        // One that is closed counts as lost for a moment.
        if (Closed.Count > 0 && !overwrite)
            throw Catalogue.SearchRestore.Throwable($"{string.Join(", ", Closed)} of {name} {(Closed.Count == 1 ? "is" : "are")} closed, so that the engine cannot move {(Closed.Count == 1 ? "it" : "them")} aside.", "Open what is closed (_open); with --overwrite it is deleted, with --exclude it stays as it is.");
        if (Blocked.Count > 0)
            throw Catalogue.SearchBlocked.Throwable($"{string.Join(", ", Blocked)} of {name} may not be changed, so the engine cannot move {(Blocked.Count == 1 ? "it" : "them")} aside.", "Set what is named in brackets to null (PUT INDEX/_settings), after making room when the disk is full; with --exclude it stays as it is.");
        if (Lost.Count > 0 && !overwrite)
            throw Catalogue.SearchRestore.Throwable($"{string.Join(", ", Lost)} of {name} has lost shards (it is red), so it cannot be moved aside.", "With --overwrite it is deleted; with --exclude it stays as it is.");
    }
}
