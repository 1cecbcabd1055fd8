using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Definitions;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Building;

/// <summary>
/// The index that an alias points to, and the others of its name: documents, documents_v1, documents_v2. Users of the
/// platform know only the alias, so that an index can be replaced in one change.
/// </summary>
/// <param name="Alias">The alias.</param>
/// <param name="Current">The index that the alias points to; null when there is none.</param>
/// <param name="Aliases">All aliases that point to the current index, with the engine's properties of each.</param>
/// <param name="Versions">The indices that are named after the alias, with their numbers.</param>
/// <param name="Unled">Those of them that no alias points to.</param>
internal sealed partial record AliasedIndex(string Alias, string? Current, IReadOnlyDictionary<string, JsonObject> Aliases, IReadOnlyDictionary<string, int> Versions, IReadOnlySet<string> Unled)
{
    /// <summary>The name of the next index.</summary>
    public string Next => $"{Alias}_v{(Versions.Count == 0 ? 0 : Versions.Values.Max()) + 1}";

    /// <summary>
    /// The indices that were replaced, oldest first: no alias points to them, and their numbers are lower than that of
    /// the index in use.
    /// </summary>
    public IReadOnlyList<string> Old => Current is not null && Versions.TryGetValue(Current, out var used)
        ? [.. Versions.Where(version => version.Value < used && Unled.Contains(version.Key)).OrderBy(version => version.Value).Select(version => version.Key)]
        : [];

    /// <summary>The index is the one in use, or is named after the alias, even if it is not there any more.</summary>
    public bool Names(string index) => index == Current || NumberOf(Alias, index) is not null;

    /// <summary>
    /// Whether an alias is moved to the next index when that is complete; the index must not have the alias before.
    /// </summary>
    public bool IsLed(IndexDefinition definition, string alias) => Aliases.ContainsKey(alias) || definition.Aliases.ContainsKey(alias);

    /// <summary>Reads the indices of an alias from the engine.</summary>
    /// <exception cref="ProblemException">The alias points to several indices, or is an index, not an
    /// alias.</exception>
    public static async Task<AliasedIndex> FindAsync(SearchServer server, string alias, CancellationToken cancellation)
    {
        var name = SearchServer.Part(alias);
        var led = await server.FindAsync($"/{name}/_alias", cancellation) as JsonObject ?? [];
        if (led.ContainsKey(alias))
            throw Catalogue.SearchAlias.Throwable($"'{alias}' of {server.Place} is an index, not an alias, so it cannot be led to a new one.", $"Reindex it as {alias}_v1 with the engine's _reindex, delete it, and let the alias '{alias}' lead to the new one.");
        if (led.Count > 1)
            throw Catalogue.SearchAlias.Throwable(
                $"The alias '{alias}' of {server.Place} leads to {led.Count} indices: {string.Join(", ", led.Select(index => index.Key))}.",
                "Name other aliases: of a rollover series no index is replaced by another. Where the alias should point to one index only, see how it came to several before you take it away from any.");
        var current = led.Select(index => index.Key).FirstOrDefault();
        var aliases = (current is null ? null : led[current]?["aliases"] as JsonObject) ?? [];
        var versions = await server.FindAsync($"/{name}_v*/_alias?expand_wildcards=open,closed", cancellation) as JsonObject ?? [];
        return new AliasedIndex(
            alias, current, aliases.ToDictionary(entry => entry.Key, entry => entry.Value as JsonObject ?? [], StringComparer.Ordinal),
            versions.Where(index => NumberOf(alias, index.Key) is not null).ToDictionary(index => index.Key, index => NumberOf(alias, index.Key)!.Value, StringComparer.Ordinal),
            versions.Where(index => index.Value?["aliases"] is not JsonObject { Count: > 0 }).Select(index => index.Key).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>
    /// Reads the indices of an alias; null for an alias of several indices, which is reported and left out.
    /// </summary>
    /// <param name="server">The cluster.</param>
    /// <param name="alias">The alias.</param>
    /// <param name="skipped">Receives the message about an alias that is left out; when it is null, an alias of several
    /// indices is refused.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">The alias is an index, not an alias, or it points to several indices and may
    /// not be left out.</exception>
    public static async Task<AliasedIndex?> FindUnlessSeriesAsync(SearchServer server, string alias, Action<string>? skipped, CancellationToken cancellation)
    {
        if (skipped is not null && await server.FindAsync($"/{SearchServer.Part(alias)}/_alias", cancellation) is JsonObject { Count: > 1 } led)
        {
            skipped($"'{alias}' points to {led.Count} indices, as that of a rollover series does, so it is left as it is.");
            return null;
        }
        return await FindAsync(server, alias, cancellation);
    }

    /// <exception cref="ProblemException">No index is there.</exception>
    public string Require() => Current ?? throw Catalogue.SearchIndex.Throwable($"No index is behind the alias '{Alias}'.", $"Build it from the database with 'holdfast search reindex {Alias}', or make it empty with 'holdfast search migrate'.");

    private static int? NumberOf(string alias, string index) =>
        index.StartsWith($"{alias}_v", StringComparison.Ordinal) && Digits().IsMatch(index[(alias.Length + 2)..]) ? int.Parse(index[(alias.Length + 2)..], CultureInfo.InvariantCulture) : null;

    [GeneratedRegex("^[0-9]{1,9}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Digits();
}
