using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Building;

/// <summary>
/// The steps that delete indices which the index of an alias has replaced; they are kept until the administrator
/// requests it.
/// </summary>
internal sealed class OldIndices(SearchWork work, AliasedIndex place)
{
    private SearchServer Server => work.Server;

    /// <exception cref="ProblemException">The engine cannot be queried.</exception>
    public async Task<IReadOnlyList<Step>> PlanAsync(CancellationToken cancellation)
    {
        var steps = new List<Step>();
        foreach (var index in place.Old)
            steps.Add(work.Step($"Delete {index}", $"{await DescribeAsync(Server, index, cancellation)} No alias leads to it; '{place.Alias}' leads to {place.Current}.", (context, stop) => DeleteAsync(index, context, stop)) with { Destroys = true });
        return steps;
    }

    /// <summary>The size of an index, as a sentence.</summary>
    public static async Task<string> DescribeAsync(SearchServer server, string index, CancellationToken cancellation)
    {
        var about = (await server.GetAsync($"/_cat/indices/{SearchServer.Part(index)}?format=json&h=status,docs.count,store.size&expand_wildcards=open,closed", cancellation)).AsArray().FirstOrDefault();
        return (string?)about?["docs.count"] is { } documents ? $"It has {documents} documents, {(string?)about["store.size"]}." : $"It is {(string?)about?["status"] ?? "not open"}.";
    }

    /// <summary>Deletes an index, with the blocks that would forbid it.</summary>
    public static async Task RemoveAsync(SearchServer server, string index, CancellationToken cancellation)
    {
        var settings = (await server.GetAsync($"/{SearchServer.Part(index)}/_settings?flat_settings=true", cancellation))[index]?["settings"];
        await IndexBlocks.LiftAsync(server, index, settings, cancellation);
        await server.DeleteAsync($"/{SearchServer.Part(index)}", cancellation);
    }

    /// <summary>
    /// Deletes an index after it was verified again: it may have come into use since the plan was shown.
    /// </summary>
    private async Task DeleteAsync(string index, StepContext context, CancellationToken cancellation)
    {
        var now = await AliasedIndex.FindAsync(Server, place.Alias, cancellation);
        if (!now.Old.Contains(index, StringComparer.Ordinal)) throw Catalogue.SearchAlias.Throwable($"An alias leads to {index} by now, or it is gone; it was not deleted.", "See the aliases with _cat/aliases.");
        await RemoveAsync(Server, index, cancellation);
        context.Note($"{index} is deleted.");
    }
}
