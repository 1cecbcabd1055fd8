using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.MoveAside;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Building;

/// <summary>
/// The steps that delete indices which restores have moved aside; they are kept until the administrator requests it.
/// </summary>
internal sealed class AsideIndices(SearchWork work)
{
    private SearchServer Server => work.Server;

    /// <summary>
    /// Plans the deletion of a moved-aside index only when the index that it was moved aside for exists and is
    /// complete.
    /// </summary>
    /// <param name="isMeant">Whether an index is to be deleted, by its original name.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">The engine cannot be queried.</exception>
    public async Task<IReadOnlyList<Step>> PlanAsync(Func<string, bool> isMeant, CancellationToken cancellation)
    {
        var steps = new List<Step>();
        foreach (var (aside, index) in await FindAsync(cancellation))
            if (isMeant(index))
                steps.Add(work.Step($"Delete {aside}", $"{await OldIndices.DescribeAsync(Server, aside, cancellation)} A restore has moved it aside from {index}, which is there; no alias leads to it.", (context, stop) => DeleteAsync(aside, context, stop)) with { Destroys = true });
        return steps;
    }

    /// <summary>Moved-aside indices that can be deleted, in an order in which none blocks another.</summary>
    private async Task<IReadOnlyList<(string Aside, string Index)>> FindAsync(CancellationToken cancellation)
    {
        var (open, closed) = await SearchState.ResolveAsync(Server, ["*"], cancellation);
        var lost = await SearchState.FindLostAsync(Server, open, cancellation);
        var whole = open.Except(lost, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        var found = new List<(string Aside, string Index)>();
        foreach (var aside in open.Concat(closed))
            if (IndexMoveAside.MovedFrom(aside) is { } index && whole.Contains(index) && !await IsLedToAsync(aside, cancellation)) found.Add((aside, index));
        // A copy of a copy goes before that: its name is the longer one.
        return [.. found.OrderByDescending(one => one.Aside.Length).ThenBy(one => one.Aside, StringComparer.Ordinal)];
    }

    private async Task<bool> IsLedToAsync(string index, CancellationToken cancellation) =>
        (await Server.FindAsync($"/{SearchServer.Part(index)}/_alias", cancellation))?[index]?["aliases"] is JsonObject { Count: > 0 };

    /// <summary>
    /// Deletes an index after it was verified again: it may have come into use since the plan was shown.
    /// </summary>
    private async Task DeleteAsync(string aside, StepContext context, CancellationToken cancellation)
    {
        if (!(await FindAsync(cancellation)).Any(found => found.Aside == aside))
            throw Catalogue.SearchAlias.Throwable($"{aside} is in use by now, or it is gone, or the index in whose place it was is not whole; it was not deleted.", "See the aliases with _cat/aliases, and the indices with _cat/indices.");
        await OldIndices.RemoveAsync(Server, aside, cancellation);
        context.Note($"{aside} is deleted.");
    }
}
