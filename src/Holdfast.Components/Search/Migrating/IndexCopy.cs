using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Building;
using Holdfast.Components.Search.Definitions;
using Holdfast.Components.Search.MoveAside;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Search.Migrating;

/// <summary>
/// The steps that copy an index into a new one of another mapping, within the engine, and then point its aliases to the
/// copy. Writes to the old index are blocked meanwhile, because they would be lost. The undo of an interrupted run
/// deletes the copy, or keeps it when the aliases already point to it.
/// </summary>
internal sealed class IndexCopy(SearchWork work, IndexUndos undos, IndexDefinition definition, AliasedIndex place)
{
    private const string Purpose = "migrate";

    /// <summary>Documents in a request within the engine; also its default.</summary>
    private const int Batch = 1000;

    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(250);

    private readonly NewIndex _target = new(work.Server, place.Next, work.Clock);
    private readonly Undo _abandon = undos.Abandon(definition.Alias, place.Next, place.Current);

    private SearchServer Server => work.Server;

    private string Old => place.Current!;

    public IReadOnlyList<Step> Steps(int? pace) => place.Current is null
        ? [work.Step($"Make {_target.Name}", $"An empty index by the profile, behind the alias '{definition.Alias}'.", MakeFirstAsync)]
        :
        [
            work.Step($"Make {_target.Name}", $"A new index by the profile; {Old} may not be written from now on, until the alias leads to the new one.", MakeAsync),
            work.Step($"Copy {Old} to {_target.Name}", "By the engine's _reindex, in slices.", (context, stop) => CopyAsync(pace, context, stop)),
            work.Step($"Check {_target.Name}", "Counts the documents of both, and gives it the settings of an index in use.", CheckAsync),
            work.Step($"Lead '{definition.Alias}' to {_target.Name}", $"All aliases in one change; {Old} stays as it is.", LeadAsync),
        ];

    /// <summary>Executes all steps at once, when the engine has refused to change the index in place.</summary>
    public async Task RunAsync(int? pace, StepContext context, CancellationToken cancellation)
    {
        foreach (var step in Steps(pace)) await step.Act(context, cancellation);
    }

    private async Task MakeFirstAsync(StepContext context, CancellationToken cancellation)
    {
        await context.OweAsync(_abandon, cancellation);
        await _target.MakeAsync(definition, place, Purpose, cancellation);
        await RefuseOtherFormAsync(cancellation);
        await _target.FinishAsync(definition, null, cancellation);
        await _target.LeadAsync(definition, place, cancellation);
        await context.SettleAsync(_abandon, cancellation);
    }

    private async Task MakeAsync(StepContext context, CancellationToken cancellation)
    {
        await context.OweAsync(_abandon, cancellation);
        await _target.MakeAsync(definition, place, Purpose, cancellation, isCopy: true);
        await RefuseOtherFormAsync(cancellation);
        await new IndexMoveAside(Server, work.Clock).BlockAsync(Old, cancellation);
    }

    /// <summary>
    /// Refuses a definition that the engine returns in another form than the profile has: every run would copy the
    /// index again.
    /// </summary>
    private async Task RefuseOtherFormAsync(CancellationToken cancellation)
    {
        var shape = await IndexShape.ReadAsync(Server, definition, place, _target.Name, cancellation);
        Difference.RefuseOtherForm($"what '{definition.Alias}' (line {definition.Place.Line}) is made of", [.. shape.Mapping, .. shape.Settings.Where(setting => setting.NeedsNew)]);
    }

    private async Task CopyAsync(int? pace, StepContext context, CancellationToken cancellation)
    {
        // The engine copies what a search finds: what was written a moment ago would be missing.
        await Server.PostAsync($"/{SearchServer.Part(Old)}/_refresh", null, cancellation);
        context.Counters.ItemsTotal = await SearchState.CountAsync(Server, Old, cancellation);
        var body = new JsonObject
        {
            ["source"] = new JsonObject { ["index"] = Old, ["size"] = Batch },
            // The documents keep their versions, and have been through their pipelines once already.
            ["dest"] = new JsonObject { ["index"] = _target.Name, ["version_type"] = "external", ["pipeline"] = NewIndex.NoPipeline },
        };
        var begun = await Server.PostAsync($"/_reindex?wait_for_completion=false&slices=auto&requests_per_second={pace ?? -1}", body, cancellation);
        await WatchAsync((string)begun["task"]!, context.Counters, cancellation);
    }

    private async Task WatchAsync(string task, StepCounters counters, CancellationToken cancellation)
    {
        while (true)
        {
            var about = await Server.FindAsync($"/_tasks/{SearchServer.Part(task)}", cancellation)
                ?? throw Catalogue.SearchMigrate.Throwable($"The task that copies {Old} to {_target.Name} has vanished: its node was restarted.");
            Interlocked.Exchange(ref counters.ItemsDone, (long?)(await Server.GetAsync($"/{SearchServer.Part(_target.Name)}/_stats/indexing", cancellation))["_all"]?["primaries"]?["indexing"]?["index_total"] ?? 0);
            if ((bool?)about["completed"] != true)
            {
                await Task.Delay(_look, work.Clock, cancellation);
                continue;
            }
            var failures = about["response"]?["failures"] as JsonArray ?? [];
            if (about["error"] is { } error) throw Catalogue.SearchMigrate.Throwable($"Copying {Old} to {_target.Name} failed: {(string?)error["reason"]}.");
            if (failures.Count > 0)
                throw new ProblemException(Catalogue.SearchRejected.With(
                    $"The new mapping rejects documents of {Old}; nothing was changed.", "Correct the documents, or the mapping in the profile, then run the command again.") with { Details = [.. failures.Take(20).Select(failure => $"{(string?)failure?["id"]}: {Excerpt.Of((string?)failure?["cause"]?["reason"] ?? "", Excerpt.Error)}")] });
            if (about["response"]?["canceled"] is { } why) throw Catalogue.SearchMigrate.Throwable($"Somebody has cancelled the task that copies {Old} to {_target.Name}: {why}.");
            return;
        }
    }

    private async Task CheckAsync(StepContext context, CancellationToken cancellation)
    {
        await _target.FinishAsync(definition, Old, cancellation, isCopy: true);
        var (wanted, count) = (await SearchState.CountAsync(Server, Old, cancellation), await _target.CountAsync(cancellation));
        if (count != wanted) throw Catalogue.SearchBuild.Throwable($"{_target.Name} has {count} documents, and {Old} has {wanted}.");
        context.Note($"{_target.Name} has {Quantity.Of(count, "document")}, as {Old} has.");
    }

    private async Task LeadAsync(StepContext context, CancellationToken cancellation)
    {
        await _target.LeadAsync(definition, place, cancellation);
        await new IndexMoveAside(Server, work.Clock).UnblockAsync(Old, cancellation);
        await context.SettleAsync(_abandon, cancellation);
        context.Note($"{Old}, which '{definition.Alias}' led to, is kept; 'holdfast search drop-old' deletes it when you do not need it any more.");
    }
}
