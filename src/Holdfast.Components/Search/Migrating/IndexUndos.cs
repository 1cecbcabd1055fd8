using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.MoveAside;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Migrating;

/// <summary>The undo of a copy of an index, pending until the index's aliases point to the copy.</summary>
internal sealed class IndexUndos(SearchSettings settings, SearchServer server, TimeProvider clock) : IUndoHandler
{
    private const string Alias = "alias", Index = "index", Old = "old";
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(200);

    public string Kind => $"search/{settings.Name}.abandon-copy";

    public Undo Abandon(string alias, string index, string? old) => new(
        Kind, $"Delete the index {index} of {settings.Name} unless '{alias}' leads to it{(old is null ? "" : $", and let {old} be written again")}.",
        new Dictionary<string, string>(StringComparer.Ordinal) { [Alias] = alias, [Index] = index, [Old] = old ?? "" });

    /// <summary>The platform comes first: the task only reads the old index, and may take long to end. Then the task: it would make the index again.</summary>
    public async Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        var (index, old) = (undo.Arguments[Index], undo.Arguments[Old]);
        var isFree = old.Length == 0 || await TryUnblockAsync(old, cancellation);
        while (await CancelAsync(index, cancellation)) await Task.Delay(_look, clock, cancellation);
        if (!await IsLedAsync(undo.Arguments[Alias], index, old, cancellation)) await server.DeleteAsync($"/{SearchServer.Part(index)}", cancellation);
        if (!isFree) await new IndexMoveAside(server, clock).UnblockAsync(old, cancellation);
    }

    /// <summary>False where the engine itself has blocked it, because a disk is full: then the copy has to go first.</summary>
    private async Task<bool> TryUnblockAsync(string old, CancellationToken cancellation)
    {
        try
        {
            await new IndexMoveAside(server, clock).UnblockAsync(old, cancellation);
            return true;
        }
        catch (ProblemException blocked) when (blocked.Problem.Code == Catalogue.SearchBlocked.Code)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether the alias was moved to the new index: the old one no longer has it. A template that gives the alias to
    /// the new index cannot remove it from the old one.
    /// </summary>
    private async Task<bool> IsLedAsync(string alias, string index, string old, CancellationToken cancellation) =>
        await HasAsync(index, alias, cancellation) && (old.Length == 0 || !await HasAsync(old, alias, cancellation));

    private async Task<bool> HasAsync(string index, string alias, CancellationToken cancellation) =>
        (await server.FindAsync($"/{SearchServer.Part(index)}/_alias", cancellation))?[index]?["aliases"]?[alias] is not null;

    /// <summary>True while a task that writes to the index runs: "reindex from [documents_v1] to [documents_v2]".</summary>
    private async Task<bool> CancelAsync(string index, CancellationToken cancellation)
    {
        var tasks = (await server.GetAsync("/_tasks?actions=*reindex&detailed=true&group_by=parents", cancellation))["tasks"] as JsonObject ?? [];
        var ours = tasks.Where(task => ((string?)task.Value?["description"])?.Contains($"to [{index}]", StringComparison.Ordinal) == true).Select(task => task.Key).ToList();
        foreach (var task in ours) await CancelTaskAsync(task, index, cancellation);
        return ours.Count > 0;
    }

    private async Task CancelTaskAsync(string task, string index, CancellationToken cancellation)
    {
        try
        {
            await server.PostAsync($"/_tasks/{SearchServer.Part(task)}/_cancel", null, cancellation);
        }
        catch (ProblemException forbidden) when (forbidden.Problem.Code == Catalogue.WebAuthentication.Code)
        {
            throw new ProblemException(forbidden.Problem with
            {
                Hint = $"{index} is deleted once the task that copies into it has ended: give the user of the profile the right 'cluster:admin/tasks/cancel', end it yourself (POST _tasks/{task}/_cancel), or wait; then run 'holdfast recover'.",
            }, forbidden);
        }
    }
}
