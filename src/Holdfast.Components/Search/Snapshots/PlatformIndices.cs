using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.MoveAside;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// The indices that match the patterns of a profile. Moved-aside indices and system indices do not belong to the
/// platform, unless the profile gives their full names.
/// </summary>
/// <param name="Open">Indices that can be read.</param>
/// <param name="Closed">Indices that are closed.</param>
/// <param name="Aside">Moved-aside indices that match the patterns, open or closed.</param>
/// <param name="Unfit">Names and patterns that match no index.</param>
/// <param name="Unreadable">Indices that a block keeps from being listed or read, with that block; they are in none of
/// the other lists.</param>
internal sealed record PlatformIndices(
    IReadOnlyList<string> Open, IReadOnlyList<string> Closed, IReadOnlyList<string> Aside, IReadOnlyList<string> Unfit,
    IReadOnlyDictionary<string, string> Unreadable)
{
    /// <summary>
    /// Resolves each pattern in a request of its own: when one of several names does not exist, an engine answers as if
    /// no index existed.
    /// </summary>
    public static async Task<PlatformIndices> FindAsync(SearchServer server, IReadOnlyList<string> patterns, CancellationToken cancellation)
    {
        var (open, closed, unfit) = (new SortedSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal), new List<string>());
        var unreadable = await UnreadableIndices.FindAsync(server, patterns, cancellation);
        IEnumerable<IReadOnlyList<string>> parts = patterns.Any(pattern => pattern.StartsWith('-')) ? [patterns] : patterns.Select(pattern => new[] { pattern }); // what is left out is left out of all before it
        foreach (var part in parts)
        {
            var hidden = unreadable.Keys.Where(index => UnseenIndices.Means(part, index)).ToList();
            var (fitOpen, fitClosed) = await SearchState.ResolveAsync(server, Without(part, hidden), cancellation);
            if (fitOpen.Count + fitClosed.Count + hidden.Count == 0) unfit.AddRange(part);
            open.UnionWith(fitOpen);
            closed.UnionWith(fitClosed);
        }
        return new PlatformIndices([.. open.Where(IsWanted)], [.. closed.Where(IsWanted)], [.. open.Concat(closed).Where(IsAside)], unfit, unreadable);

        bool IsAside(string index) => IndexMoveAside.MovedFrom(index) is not null && !patterns.Contains(index, StringComparer.Ordinal);

        // A name is left out by not asking for it, and what a pattern means by a pattern that excludes it.
        static IReadOnlyList<string> Without(IReadOnlyList<string> part, List<string> hidden) => hidden.Count == 0 ? part
            : part.Except(hidden, StringComparer.Ordinal).ToList() is not { Count: > 0 } rest ? []
            : [.. rest.Select(pattern => pattern == "_all" ? "*" : pattern), .. hidden.Select(index => $"-{index}")];

        bool IsWanted(string index) => !IsAside(index) && (!SystemIndices.IsOwn(index) || patterns.Contains(index, StringComparer.Ordinal));
    }
}
