using System.IO.Enumeration;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.MoveAside;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// Whether a profile selects an index of a recovery point that another machine has made. The point is not trusted: any
/// user with write access to the repository could have any index of the cluster replaced. So an existing index is
/// selected by its name and by the aliases that it has in the cluster; only for an index that does not exist, whose
/// restore replaces nothing, the aliases and the stream of the point count.
/// </summary>
/// <param name="patterns">Those of the profile: names of indices, aliases and streams, and patterns of them.</param>
/// <param name="live">The indices that are in the cluster, as "GET /INDEX" describes them, with flat settings.</param>
/// <param name="point">Those of the point, in the same form.</param>
/// <param name="streams">The streams of the point, with their indices.</param>
internal sealed partial class IndexSelection(
    IReadOnlyList<string> patterns, JsonObject live, JsonObject point, IReadOnlyDictionary<string, IReadOnlyList<string>> streams)
{
    private const string Hidden = "index.hidden", HiddenAlias = "is_hidden";

    private readonly List<string> _patterns = [.. patterns.SelectMany(pattern => pattern.Split(',')).Select(pattern => DateMathematics().Replace(pattern, "${minus}${before}*${after}"))];

    /// <summary>Reads the indices from the cluster.</summary>
    /// <param name="settings">The settings of the profile.</param>
    /// <param name="server">The cluster.</param>
    /// <param name="indices">The names of the indices to read.</param>
    /// <param name="record">The record of the point.</param>
    /// <param name="point">The indices of the point.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    public static async Task<IndexSelection> FindAsync(
        SearchSettings settings, SearchServer server, IEnumerable<string> indices, SearchRecord record, JsonObject point, CancellationToken cancellation)
    {
        var live = new JsonObject();
        foreach (var names in SearchServer.Parts(indices.Distinct(StringComparer.Ordinal), SearchServer.Described))
            foreach (var (index, about) in await server.FindAsync($"/{names}?flat_settings=true&ignore_unavailable=true&expand_wildcards=all", cancellation) as JsonObject ?? [])
                live[index] = about?.DeepClone();
        return new IndexSelection(settings.Indices, live, point, record.Streams);
    }

    /// <summary>Whether the profile selects an index.</summary>
    public bool Has(string index)
    {
        if (_patterns.Contains(index)) return true;
        if (IndexMoveAside.MovedFrom(index) is not null || SystemIndices.IsOwn(index)) return false;
        var about = live[index] ?? point[index];
        var isHidden = IsTrue(about?["settings"]?[Hidden]);
        List<Name> others = [.. (about?["aliases"] as JsonObject ?? []).Select(alias => new Name(alias.Key, IsTrue(alias.Value?[HiddenAlias])))];
        if (live[index] is null) others.AddRange(streams.Where(stream => stream.Value.Contains(index, StringComparer.Ordinal)).Select(stream => new Name(stream.Key, false)));
        return Means(new Name(index, isHidden), others);
    }

    /// <summary>Whether the profile selects a stream, with all that the point says is in it.</summary>
    public bool HasStream(string stream) => Means(new Name(stream, false), []) && streams[stream].All(Has);

    /// <summary>Whether the profile selects every index that a pattern of the engine means.</summary>
    public bool Covers(string pattern) =>
        Means(new Name(pattern, pattern.StartsWith('.')), []) && !_patterns.Exists(other => other.StartsWith('-') && MayMeet(other[1..], pattern));

    /// <summary>Whether the profile selects all indices, as far as they are not hidden.</summary>
    public bool HasAll => Covers("*");

    /// <summary>
    /// Applies the patterns as the engines do: later ones take precedence; an excluded name is that of an index, and a
    /// pattern may be one of aliases.
    /// </summary>
    private bool Means(Name index, IReadOnlyList<Name> others)
    {
        var isMeant = false;
        var unversioned = index with { Text = Version().Replace(index.Text, "") };
        foreach (var pattern in _patterns)
        {
            var isExclusion = pattern.StartsWith('-');
            var expression = isExclusion ? pattern[1..] : pattern;
            var fits = Fits(expression, index) || (!isExclusion && Fits(expression, unversioned));
            if (fits || ((!isExclusion || expression.Contains('*')) && others.Any(other => Fits(expression, other)))) isMeant = !isExclusion;
        }
        return isMeant;
    }

    /// <summary>Whether a name may fit both patterns, by what they begin with.</summary>
    private static bool MayMeet(string one, string other)
    {
        var (a, b) = (one.Split('*')[0], other.Split('*')[0]);
        return a.StartsWith(b, StringComparison.Ordinal) || b.StartsWith(a, StringComparison.Ordinal);
    }

    private static bool Fits(string expression, Name name) =>
        expression == name.Text || (expression == "_all" && !name.IsHidden)
        || (FileSystemName.MatchesSimpleExpression(expression, name.Text, ignoreCase: false) && (!name.IsHidden || expression.StartsWith('.')));

    private static bool IsTrue(JsonNode? value) => bool.TryParse(value?.ToString(), out var isTrue) && isTrue;

    /// <summary>documents_v2 is documents: so Holdfast and others name what they build for an alias, and what is replaced has the alias no more.</summary>
    [GeneratedRegex(@"_v([0-9]+|\*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Version();

    /// <summary>"&lt;logs-{now/d}&gt;" was another index at another time.</summary>
    [GeneratedRegex(@"^(?<minus>-?)<(?<before>.*?)\{.*\}(?<after>.*)>$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DateMathematics();

    private readonly record struct Name(string Text, bool IsHidden);
}
