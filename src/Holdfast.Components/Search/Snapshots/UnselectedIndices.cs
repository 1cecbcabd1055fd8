using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// The objects of a recovery point of another machine that the profile does not select: indices and streams, aliases
/// that would be taken from other indices or shared with them, templates and pipelines. None is restored unless the
/// user has seen its name and confirmed it.
/// </summary>
/// <param name="name">The cluster's name.</param>
/// <param name="session">Of the restore.</param>
/// <param name="selection">What the profile selects.</param>
internal sealed class UnselectedIndices(string name, RestoreSession session, IndexSelection selection)
{
    private const int MostNamed = 20;

    private readonly List<string> _found = [];

    /// <summary>Takes what may not be restored out of a choice, and aliases that may not be set out of the description of the point.</summary>
    /// <param name="choice">What was asked for.</param>
    /// <param name="record">Of the point.</param>
    /// <param name="state">The description of the point, which is changed.</param>
    /// <param name="holders">The aliases of the indices that there are now, by index.</param>
    public RestoreChoice Confine(
        RestoreChoice choice, SearchRecord record, JsonObject state, IReadOnlyList<(string Index, JsonObject Aliases)> holders)
    {
        var streams = choice.Streams.Where(stream => !selection.HasStream(stream) && !Allows("data stream", stream)).ToList();
        var plain = choice.Asked.Except(choice.Streams, StringComparer.Ordinal).Where(index => !selection.Has(index) && !Allows("index", index)).ToList();
        var confined = choice.Without([.. streams, .. plain], record);
        if (!session.Indices.WithoutAliases && session.Indices.Rename is null)
            foreach (var alias in ForeignAliases(choice, confined, state, holders).Where(alias => !Allows("alias", alias)))
                foreach (var (_, about) in state[SearchState.Indices] as JsonObject ?? [])
                    (about?["aliases"] as JsonObject)?.Remove(alias);
        return confined;
    }

    /// <summary>Templates and pipelines without those that may not be put back.</summary>
    /// <param name="missing">Those that the cluster lacks.</param>
    /// <param name="settings">Settings of the indices that are restored.</param>
    public IReadOnlyList<ClusterPart> Confine(IReadOnlyList<ClusterPart> missing, IEnumerable<JsonNode?> settings)
    {
        var selected = ClusterPart.Needed(missing, part => part.Patterns.All(selection.Covers), settings);
        return [.. missing.Where(part => selected.Contains(part) || (part.Patterns.Count == 0 && selection.HasAll) || Allows(part.Kind, part.Name))];
    }

    /// <summary>Has a person asked for what is left out, or refuses more than a person can look through.</summary>
    /// <exception cref="ProblemException">It is too much, and the user has asked for all of it.</exception>
    public void Ask()
    {
        if (_found.Count <= RestoreSession.MostUnselected)
        {
            if (session.IsForShow) session.AskFor(LeftOut);
        }
        else if (session.WritesUnselected) throw Catalogue.RestoreUnselected.Throwable(
            $"The recovery point has more than {RestoreSession.MostUnselected} indices, aliases, templates and pipelines of {name} that the profile does not select, too many to confirm, so nothing was done.",
            "Name in the profile what is meant, or restore it with --include.");
    }

    /// <summary>The objects that were found, and their treatment, for a plan; empty when there are none.</summary>
    public string Sentence
    {
        get
        {
            var (restored, left) = (Quantity.List(_found.Where(session.Allows), RestoreSession.MostUnselected), Quantity.List(LeftOut, RestoreSession.MostUnselected));
            return (restored.Length == 0 ? "" : $" Not selected by the profile, but in the point and restored as well: {restored}.")
                + (left.Length == 0 ? "" : $" Not selected by the profile, but in the point and left out{(session.IsForShow && _found.Count <= RestoreSession.MostUnselected ? " unless that is confirmed" : "")}: {left}.");
        }
    }

    /// <summary>The warning of what is left out; null when nothing is.</summary>
    public Problem? Warning => LeftOut.ToList() is not { Count: > 0 } left ? null : Catalogue.RestoreUnselected.With(
        $"The recovery point has of {name} what the profile does not select, and it was left out: {Quantity.List(left, MostNamed)}.");

    private IEnumerable<string> LeftOut => _found.Where(what => !session.Allows(what));

    private bool Allows(string kind, string what)
    {
        var title = $"{kind} {what} of {name}";
        _found.Add(title);
        return session.Allows(title);
    }

    /// <summary>
    /// Aliases of the restored indices that also belong to an existing index which the profile does not select and
    /// which is not restored.
    /// </summary>
    private List<string> ForeignAliases(
        RestoreChoice choice, RestoreChoice confined, JsonObject state, IReadOnlyList<(string Index, JsonObject Aliases)> holders)
    {
        var wanted = choice.Indices.SelectMany(index => (state[SearchState.Indices]?[index]?["aliases"] as JsonObject ?? []).Select(alias => alias.Key)).ToHashSet(StringComparer.Ordinal);
        var others = holders.Where(holder => !confined.Indices.Contains(holder.Index, StringComparer.Ordinal) && !selection.Has(holder.Index));
        return [.. others.SelectMany(holder => holder.Aliases.Select(alias => alias.Key)).Where(wanted.Contains).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
