using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Bulk;
using Holdfast.Components.Search.Definitions;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Search.Syncing;

/// <summary>
/// Compares an index with its database by ids and versions, and copies only what differs. It is safe while the platform
/// runs: documents that seem to differ are read from the database again before they are written, and the engine refuses
/// versions older than its own, and changes of documents that were changed after they were read.
/// </summary>
internal sealed class IndexSync(SearchWork work, IndexDefinition definition, string index, IDocumentSource source)
{
    /// <summary>
    /// The numbers of documents of one part, which fit into memory, and of one statement that reads them from the
    /// database.
    /// </summary>
    private const int PerPart = 100_000, PerStatement = 2000;

    /// <summary>
    /// The number of documents that may be written to an index during the walk; as many as it had may be added too.
    /// </summary>
    private const long Grown = 1_000_000;

    /// <summary>Of an index with fewer documents most may be deleted.</summary>
    private const int Few = 100;

    /// <summary>The number of duplicate ids that are reported.</summary>
    public const int MostTold = 10;

    /// <summary>Ids for which the statement returns several rows.</summary>
    private readonly HashSet<string> _repeated = new(StringComparer.Ordinal);
    private readonly SyncResult _result = new(definition.Alias, index);
    private readonly DocumentQuery _query = definition.Source!;

    /// <summary>Writes a row of the database into a new index, or keeps it with those that were rejected.</summary>
    public static RowWriter WriterOf(DocumentQuery query, RejectedDocuments rejected) => (body, row) =>
    {
        if (DocumentLimits.WhyNot(row, query) is { } why) rejected.Add(row, why);
        else if (query.Version is null) body.AddNew(row.Id, row.Document);
        else body.AddVersioned(row.Id, row.Version, row.Document);
    };

    /// <summary>The part of a message that names duplicate ids.</summary>
    public static string Repeated(IEnumerable<string> ids) => $"gives several rows of the same id: {string.Join(", ", ids.Take(MostTold).Select(id => $"'{Excerpt.OfId(id)}'"))}.";

    /// <summary>
    /// Compares, and unless it is a dry run repairs: only after everything is compared, so that nothing is changed
    /// where too much would be deleted.
    /// </summary>
    /// <exception cref="ProblemException">The engine or the database cannot be queried, too much would be deleted, or
    /// the engine rejected documents.</exception>
    public async Task<SyncResult> RunAsync(StepContext context, bool isDry, bool allowDeletions, CancellationToken cancellation)
    {
        await work.Server.PostAsync($"/{SearchServer.Part(index)}/_refresh", null, cancellation);
        await using var reading = await source.OpenAsync(_query, cancellation);
        var (inSource, inIndex) = (await reading.CountAsync(cancellation), await SearchState.CountAsync(work.Server, index, cancellation));
        var parts = (int)Math.Clamp((Math.Max(inSource, inIndex) / PerPart) + 1, 1, 400);
        Interlocked.Exchange(ref context.Counters.ItemsTotal, inSource + inIndex);
        using var there = new VersionSpill(work.Folder, $"{context.RunId}-{definition.Alias}-index", parts);
        using var wanted = new VersionSpill(work.Folder, $"{context.RunId}-{definition.Alias}-source", parts);
        using var rejected = new RejectedDocuments(work.RejectedFile(context.RunId, definition.Alias));
        await Task.WhenAll(WalkAsync(there, (2 * inIndex) + Grown, context.Counters, cancellation), ReadAsync(reading, wanted, isDry ? null : rejected, context.Counters, cancellation));
        (_result.InIndex, _result.InSource) = (there.Count, wanted.Count + _result.Missing);
        var differing = Enumerable.Range(0, parts).Where(part => Count(Compare(there.Read(part), wanted.Read(part)))).ToList();
        if (_repeated.Count > 0) throw Catalogue.DocumentSource.Throwable($"The statement on line {_query.Place.Line} of the profile {Repeated(_repeated)}");
        if (isDry) return _result;
        if (!allowDeletions) RefuseDeletions();
        await using var mend = new SyncWriter(work, context, _query, index, reading, rejected);
        foreach (var part in differing) await MendAsync(Compare(there.Read(part), wanted.Read(part)), mend, cancellation);
        await mend.EndAsync(_result, cancellation);
        rejected.Refuse(definition.Alias);
        if (_result.Lacking > 0) context.Warn(Catalogue.SearchLacking.With($"{index} lacks {Quantity.Of(_result.Lacking, "document")} of the database: the engine refuses them, because they were deleted in a newer version (HTTP 409)."));
        return _result;
    }

    /// <summary>A statement that gives nothing any more, or a database that is another one, looks as if everything had been deleted.</summary>
    private void RefuseDeletions()
    {
        var isEmptied = _result is { InSource: 0, InIndex: > 0 };
        if (!isEmptied && (_result.InIndex < Few || _result.Surplus <= _result.InIndex / 2)) return;
        throw Catalogue.SearchLoss.Throwable(
            $"The database has {_result.InSource} documents for '{definition.Alias}' (line {_query.Place.Line} of the profile), and {_result.Surplus} of the {_result.InIndex} in {index} would be deleted. Nothing was changed.",
            "See whether the statement still gives what it should; when it does, sync with --allow-deletions.");
    }

    /// <summary>A server that goes on without an end would fill the disk.</summary>
    private async Task WalkAsync(VersionSpill spill, long most, StepCounters counters, CancellationToken cancellation) =>
        await new IndexWalk(work.Server, index, _query.VersionField, work.Deadline, work.Clock).RunAsync((id, version, seen) =>
        {
            if (spill.Count >= most) throw Catalogue.WebAnswer.Throwable($"{work.Server.Place} gives more than {most} documents of {index}, and had counted half of them at most.");
            spill.Add(id, version, seen);
            Interlocked.Increment(ref counters.ItemsDone);
        }, cancellation);

    /// <summary>No index has a document of an id that is too long: it is rejected at once.</summary>
    private async Task ReadAsync(IDocumentReading reading, VersionSpill spill, RejectedDocuments? rejected, StepCounters counters, CancellationToken cancellation)
    {
        await using var rows = await reading.ReadAsync(documents: false, cancellation);
        while (await rows.FillAsync(cancellation))
            while (rows.TryNext(out var row))
            {
                Interlocked.Increment(ref counters.ItemsDone);
                if (!DocumentLimits.HasLongId(row)) spill.Add(row.Id, row.Version, default);
                else
                {
                    _result.Missing++;
                    rejected?.Add(row, DocumentLimits.WhyNot(row, _query)!);
                }
            }
    }

    private Comparison Compare(IEnumerable<(string Id, string Version, SeenDocument Seen)> there, IEnumerable<(string Id, string Version, SeenDocument Seen)> wanted)
    {
        var inIndex = new Dictionary<string, IndexedDocument>(StringComparer.Ordinal);
        foreach (var (id, version, at) in there)
            if (!inIndex.TryAdd(id, new IndexedDocument(version, at))) throw RoutedDocuments.Problem(index, id); // only by routing an index has two of one id
        var differing = new Dictionary<string, IndexedDocument?>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (id, version, _) in wanted)
            if (!seen.Add(id)) _repeated.Add(id);
            else if (!inIndex.Remove(id, out var found) || found.Version != version) differing[id] = found;
        return new Comparison(differing, inIndex);
    }

    /// <summary>Adds a part to the result; true when it has a difference.</summary>
    private bool Count(Comparison compared)
    {
        var missing = compared.Differing.Values.Count(found => found is null);
        _result.Missing += missing;
        _result.Outdated += compared.Differing.Count - missing;
        _result.Surplus += compared.Surplus.Count;
        return compared.Differing.Count + compared.Surplus.Count > 0;
    }

    private static async Task MendAsync(Comparison compared, SyncWriter mend, CancellationToken cancellation)
    {
        foreach (var batch in compared.Differing.Chunk(PerStatement)) await mend.WriteAsync(batch.ToDictionary(StringComparer.Ordinal), cancellation);
        foreach (var batch in compared.Surplus.Chunk(PerStatement)) await mend.DeleteAsync(batch.ToDictionary(StringComparer.Ordinal), cancellation);
    }

    /// <summary>The differences of one part.</summary>
    /// <param name="Differing">Documents that are missing (null) or of another version.</param>
    /// <param name="Surplus">Documents that the database does not have.</param>
    private sealed record Comparison(Dictionary<string, IndexedDocument?> Differing, Dictionary<string, IndexedDocument> Surplus);
}

/// <summary>A document with its version during the walk.</summary>
internal sealed record IndexedDocument(string Version, SeenDocument Seen);
