using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Bulk;
using Holdfast.Components.Search.Definitions;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Components.Search.Syncing;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Search.Building;

/// <summary>
/// The steps that build one index from the database: a new index is filled beside the one in use and counted, and only
/// then does the alias point to it. A run that ends before leaves the new index; the next run writes what it lacks, as
/// a sync does, and continues.
/// </summary>
internal sealed class IndexBuild(SearchWork work, IndexDefinition definition, AliasedIndex place, IDocumentSource source, bool allowEmpty)
{
    private const string Purpose = "reindex";

    private NewIndex _target = null!;
    private bool _goesOn;
    private long _expected;

    private SearchServer Server => work.Server;

    /// <summary>Plans the build, and continues with a new index that an earlier run has begun.</summary>
    /// <exception cref="ProblemException">The engine cannot be queried, or the statement is invalid.</exception>
    public async Task<IReadOnlyList<Step>> PlanAsync(bool afresh, bool dropOld, CancellationToken cancellation)
    {
        await using (await source.OpenAsync(definition.Source!, cancellation))
        {
            // An invalid statement is found before anything is created.
        }
        if (place.Current is { } current) await RoutedDocuments.RefuseAsync(Server, current, cancellation);
        var begun = await NewIndex.FindBegunAsync(Server, place, Purpose, cancellation);
        _goesOn = begun is { } found && found.Fingerprint == definition.Fingerprint && !afresh;
        _target = new NewIndex(Server, _goesOn ? begun!.Value.Name : place.Next, work.Clock);
        if (place.Current is { } used) await IndexBlocks.RefuseAsync(Server, used, cancellation);
        if (_goesOn) await IndexBlocks.RefuseWritesAsync(Server, _target.Name, cancellation);
        else await GivingTemplates.RefuseAsync(Server, definition, place, _target.Name, new Dictionary<string, JsonObject>(StringComparer.Ordinal), cancellation);
        List<Step> steps =
        [
            _goesOn
                ? work.Step($"Go on with {_target.Name}", "An earlier run has begun this index, by the same definition.", (_, _) => Task.CompletedTask)
                : work.Step($"Make {_target.Name}", $"A new index by the profile{(begun is null ? "" : $"; {begun.Value.Name}, which an earlier run has begun, is deleted")}.", (context, stop) => MakeAsync(begun?.Name, context, stop)),
            work.Step($"Fill {_target.Name}", $"{(_goesOn ? "Puts right what differs from" : "Reads all documents of")} the database, by the statement on line {definition.Source!.Place.Line} of the profile.", _goesOn ? GoOnAsync : FillAsync),
            work.Step($"Check {_target.Name}", "Counts its documents and those of the database, and gives it the settings of an index in use.", CheckAsync),
            work.Step($"Lead '{definition.Alias}' to {_target.Name}", place.Current is null ? "Makes the alias." : $"In one change; {place.Current} stays as it is.", LeadAsync),
        ];
        if (dropOld && place.Current is { } old) steps.Add(work.Step($"Delete {old}", "It is replaced.", (_, stop) => Server.DeleteAsync($"/{SearchServer.Part(old)}", stop)) with { Destroys = true });
        return steps;
    }

    private async Task MakeAsync(string? begun, StepContext context, CancellationToken cancellation)
    {
        if (begun is not null) await new NewIndex(Server, begun, work.Clock).DeleteAsync(cancellation);
        await _target.MakeAsync(definition, place, Purpose, cancellation);
    }

    private async Task FillAsync(StepContext context, CancellationToken cancellation)
    {
        using var rejected = new RejectedDocuments(work.RejectedFile(context.RunId, definition.Alias));
        try
        {
            await SendAsync(rejected, context, cancellation);
            rejected.Refuse(definition.Alias);
        }
        catch (ProblemException refused) when (refused.Problem.Code == Catalogue.SearchRejected.Code && rejected.Conflicts > 0)
        {
            throw new ProblemException(refused.Problem with { Details = [.. await RepeatedAsync(cancellation), .. refused.Problem.Details] }, refused);
        }
    }

    private async Task SendAsync(RejectedDocuments rejected, StepContext context, CancellationToken cancellation)
    {
        await using var reading = await source.OpenAsync(definition.Source!, cancellation);
        _expected = await reading.CountAsync(cancellation);
        var tally = new BulkTally(takesConflicts: false);
        context.Counters.Refresh = shown => (shown.ItemsTotal, shown.ItemsDone, shown.BytesDone) = (_expected, Interlocked.Read(ref tally.Taken), Interlocked.Read(ref tally.Bytes));
        await using var pipe = new BulkPipe(Server, _target.Name, tally, rejected, work.Clock, cancellation);
        await using (var rows = await reading.ReadAsync(documents: true, cancellation))
            await pipe.SendAllAsync(rows, IndexSync.WriterOf(definition.Source!, rejected), cancellation);
        await pipe.EndAsync(cancellation);
        if (tally.Pauses > 0) context.Note($"{work.Server.Place} was too busy {tally.Pauses} times; what it turned away was sent again.");
    }

    /// <summary>
    /// One line that names the ids for which the statement returns several rows; empty when there are none. Such a row
    /// replaces another one, or is rejected.
    /// </summary>
    private async Task<IReadOnlyList<string>> RepeatedAsync(CancellationToken cancellation)
    {
        await using var reading = await source.OpenAsync(definition.Source!, cancellation);
        var ids = await reading.RepeatedIdsAsync(IndexSync.MostTold, cancellation);
        return ids.Count == 0 ? [] : [$"The statement {IndexSync.Repeated(ids)}"];
    }

    private async Task GoOnAsync(StepContext context, CancellationToken cancellation)
    {
        var sync = new IndexSync(work, definition, _target.Name, source);
        var result = await sync.RunAsync(context, isDry: false, allowDeletions: true, cancellation);
        _expected = result.Due;
        context.Note($"Of {result.InSource} documents {result.InIndex} were in {_target.Name} already; {result.Written} were written, {result.Deleted} deleted.");
        if (result.Gone + result.Returned > 0) context.Note($"Meanwhile {result.Gone} that were to be written were deleted from the database, and {result.Returned} that were to be deleted came back.");
    }

    private async Task CheckAsync(StepContext context, CancellationToken cancellation)
    {
        await _target.FinishAsync(definition, place.Current, cancellation);
        var count = await _target.CountAsync(cancellation);
        if (count != _expected)
            throw new ProblemException(Catalogue.SearchBuild.With($"{_target.Name} has {count} documents, and should have {_expected} by the database.") with { Details = await RepeatedAsync(cancellation) });
        if (count == 0 && !allowEmpty && place.Current is { } current && await SearchState.CountAsync(Server, current, cancellation) is > 0 and var lost)
            throw Catalogue.SearchLoss.Throwable(
                $"The database has no document for '{definition.Alias}' (line {definition.Source!.Place.Line} of the profile), and {current}, which it leads to, has {lost}. It goes on to lead there.",
                "See whether the statement still gives what it should; when it does, reindex with --allow-empty.");
        context.Note($"{_target.Name} has {Quantity.Of(count, "document")}, as the database had.");
    }

    private async Task LeadAsync(StepContext context, CancellationToken cancellation)
    {
        await _target.LeadAsync(definition, place, cancellation);
        if (place.Current is { } old) context.Note($"{old}, which '{definition.Alias}' led to, is kept; 'holdfast search drop-old' deletes it when you do not need it any more.");
    }
}
