using System.Text.Json.Nodes;

namespace Holdfast.Components.Search.MoveAside;

/// <summary>
/// The changes of aliases when indices of a recovery point are restored. An alias that points to several indices, in
/// the point or now, or through which an index in use is written (is_write_index), belongs to a series: a restored
/// index joins it, and takes neither the alias nor the writes from the index in use. Any other alias points to one
/// index, and moves. Source: the engines' reference manuals, "Aliases", "Write index", "Rollover".
/// </summary>
/// <param name="state">The indices of the point, from state.json.</param>
/// <param name="restored">The names of the restored indices.</param>
/// <param name="holders">The aliases of the existing indices, by index.</param>
internal sealed class AliasChanges(JsonObject state, IReadOnlyList<string> restored, IReadOnlyList<(string Index, JsonObject Aliases)> holders)
{
    private const string IsWriteIndex = "is_write_index";

    private readonly HashSet<string> _restored = [.. restored];

    /// <summary>The aliases that are restored, with the index of each and its properties.</summary>
    public IEnumerable<(string Index, string Alias, JsonObject About)> Wanted =>
        from index in restored
        from alias in state[index]?["aliases"] as JsonObject ?? []
        select (index, alias.Key, alias.Value as JsonObject ?? []);

    /// <summary>Aliases that are removed from other indices, because each points to one index only.</summary>
    public IReadOnlyList<(string Alias, string Index)> Taken =>
        [.. from alias in Wanted.Select(wanted => wanted.Alias).Distinct(StringComparer.Ordinal) where !IsSeries(alias) from holder in Others(alias) where !HadIt(holder.Index, alias) select (alias, holder.Index)];

    /// <summary>The aliases that the restored indices share with others, each as a sentence.</summary>
    public IReadOnlyList<string> Shared =>
        [.. Wanted.Where(wanted => IsSeries(wanted.Alias) && Others(wanted.Alias).Count > 0).Select(wanted => $"{wanted.Index} joins the alias '{wanted.Alias}'{(WriterOf(wanted.Alias) is { } writer ? $", which goes on writing to {writer}" : "")}.")];

    /// <summary>The actions of one request for all aliases; empty when no alias is restored.</summary>
    public JsonArray Actions()
    {
        var actions = new JsonArray();
        foreach (var (alias, index) in Taken) actions.Add((JsonNode)Action("remove", index, alias, []));
        foreach (var (index, alias, about) in Wanted)
        {
            var added = about.DeepClone().AsObject();
            if (IsSeries(alias) && WriterOf(alias) is not null) added[IsWriteIndex] = false;
            actions.Add((JsonNode)Action("add", index, alias, added));
        }
        foreach (var (alias, holder, about) in Confirmed())
        {
            var written = about.DeepClone().AsObject();
            written[IsWriteIndex] = true;
            actions.Add((JsonNode)Action("add", holder, alias, written));
        }
        return actions;
    }

    /// <summary>The only index of an alias is written through it without being named as the one to be written; of two, one must be named.</summary>
    private IEnumerable<(string Alias, string Index, JsonObject About)> Confirmed() =>
        from alias in Wanted.Select(wanted => wanted.Alias).Distinct(StringComparer.Ordinal)
        where IsSeries(alias) && Others(alias) is [var only] && IsWrittenAlone(alias, only)
        let holder = Others(alias)[0]
        select (alias, holder.Index, holder.About);

    private bool IsSeries(string alias) =>
        Others(alias).Count > 1 || Others(alias).Any(holder => IsTrue(holder.About[IsWriteIndex])) || state.Count(index => index.Value?["aliases"]?[alias] is not null) > 1;

    /// <summary>The index in use that is written through the alias; null when there is none.</summary>
    private string? WriterOf(string alias)
    {
        var others = Others(alias);
        return others.Where(holder => IsTrue(holder.About[IsWriteIndex])).Select(holder => holder.Index).FirstOrDefault()
            ?? (others is [var only] && IsWrittenAlone(alias, only) ? only.Index : null);
    }

    /// <summary>
    /// Whether the only index of an alias is written through it. It is, unless it had the alias in the point too and
    /// the alias had no write index there.
    /// </summary>
    private bool IsWrittenAlone(string alias, (string Index, JsonObject About) only) => only.About[IsWriteIndex] is null
        && !(HadIt(only.Index, alias) && state.All(index => index.Value?["aliases"]?[alias]?[IsWriteIndex] is null));

    private List<(string Index, JsonObject About)> Others(string alias) =>
        [.. holders.Where(holder => !_restored.Contains(holder.Index) && holder.Aliases.ContainsKey(alias)).Select(holder => (holder.Index, holder.Aliases[alias] as JsonObject ?? []))];

    /// <summary>Whether the index had the alias in the point too.</summary>
    private bool HadIt(string index, string alias) => state[index]?["aliases"]?[alias] is not null;

    private static bool IsTrue(JsonNode? value) => bool.TryParse(value?.ToString(), out var isTrue) && isTrue;

    private static JsonObject Action(string verb, string index, string alias, JsonObject about)
    {
        (about["index"], about["alias"]) = (index, alias);
        return new JsonObject { [verb] = about };
    }
}
