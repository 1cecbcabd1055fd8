using System.IO.Enumeration;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.MoveAside;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// Indices that the profile selects, and that the engine hides from its user: a listing has only indices that the user
/// may see, so a point would lack the others without a warning. The health of the cluster has the names of all.
/// </summary>
internal static partial class UnseenIndices
{
    /// <summary>The names of indices that are hidden from the user.</summary>
    /// <param name="server">The cluster.</param>
    /// <param name="patterns">The patterns of the profile.</param>
    /// <param name="seen">The indices of them that the user can see.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">The engine cannot be queried.</exception>
    public static async Task<IReadOnlyList<string>> FindAsync(SearchServer server, IReadOnlyList<string> patterns, PlatformIndices seen, CancellationToken cancellation)
    {
        var known = seen.Open.Concat(seen.Closed).Concat(seen.Aside).Concat(seen.Unreadable.Keys).ToHashSet(StringComparer.Ordinal);
        var doubtful = (await SearchState.HealthAsync(server, cancellation)).Keys.Where(index => !known.Contains(index) && Means(patterns, index)).Order(StringComparer.Ordinal).ToList();
        var visible = new HashSet<string>(StringComparer.Ordinal);
        foreach (var names in SearchServer.Parts(doubtful))
        {
            if (await AddVisibleAsync(names)) continue;
            foreach (var name in names.Split(',')) await AddVisibleAsync(name);
        }
        return [.. doubtful.Where(index => !visible.Contains(index))];

        // A pattern does not match hidden indices (index.hidden): an index that can be read by its name is not kept
        // from the user.
        async Task<bool> AddVisibleAsync(string names)
        {
            try
            {
                foreach (var (index, _) in await server.FindAsync($"/{names}/_settings/index.uuid?ignore_unavailable=true&expand_wildcards=all", cancellation) as JsonObject ?? []) visible.Add(index);
                return true;
            }
            catch (ProblemException refused) when (refused.Problem.Code == Catalogue.WebAuthentication.Code || refused.Problem.Code == Catalogue.SearchBlocked.Code)
            {
                return false;
            }
        }
    }

    /// <summary>Whether patterns of a profile mean an index, as an engine reads them; one of a data stream goes by the name of the stream.</summary>
    public static bool Means(IReadOnlyList<string> patterns, string index)
    {
        if (IndexMoveAside.MovedFrom(index) is not null || SystemIndices.IsOwn(index)) return patterns.Contains(index, StringComparer.Ordinal);
        var name = Backing().Match(index) is { Success: true } backing ? backing.Groups["stream"].Value : index;
        var isMeant = false;
        foreach (var pattern in patterns)
        {
            var isExclusion = pattern.StartsWith('-');
            if (Fits(isExclusion ? pattern[1..] : pattern, name) || Fits(isExclusion ? pattern[1..] : pattern, index)) isMeant = !isExclusion;
        }
        return isMeant;
    }

    /// <summary>A pattern that does not begin with a dot means no name that does: those are hidden, or another's.</summary>
    private static bool Fits(string pattern, string name) =>
        (!name.StartsWith('.') || pattern.StartsWith('.')) && (pattern == "_all" || FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));

    /// <summary>".ds-logs-app-000001", or with the day before the number.</summary>
    [GeneratedRegex(@"^\.ds-(?<stream>.+?)(-\d{4}\.\d{2}\.\d{2})?-\d{6}$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Backing();
}
