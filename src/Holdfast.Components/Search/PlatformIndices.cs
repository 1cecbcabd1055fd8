namespace Holdfast.Components.Search;

/// <summary>The indices that the patterns of a profile mean. What a restore has moved aside is none of the platform, unless the profile names it in full.</summary>
/// <param name="Open">Those that can be read.</param>
/// <param name="Closed">Those that are closed.</param>
/// <param name="Aside">What fits the patterns and was moved aside, open or closed.</param>
internal sealed record PlatformIndices(IReadOnlyList<string> Open, IReadOnlyList<string> Closed, IReadOnlyList<string> Aside)
{
    /// <summary>Asks for them.</summary>
    public static async Task<PlatformIndices> FindAsync(SearchServer server, IReadOnlyList<string> patterns, CancellationToken cancellation)
    {
        var (open, closed) = await SearchState.ResolveAsync(server, patterns, cancellation);
        return new PlatformIndices([.. open.Where(IsWanted)], [.. closed.Where(IsWanted)], [.. open.Concat(closed).Where(index => !IsWanted(index))]);

        bool IsWanted(string index) => IndexShelf.MovedFrom(index) is null || patterns.Contains(index, StringComparer.Ordinal);
    }
}
