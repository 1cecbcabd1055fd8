using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Bulk;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Planning;

namespace Holdfast.Components.Search.Syncing;

/// <summary>
/// Repairs the differences that a comparison found. Each row is read again first: when it now equals the index, nothing
/// is done. A document with a newer version than in the database (which was restored to an earlier instant) is deleted
/// before it is written, because the engine accepts no older version.
/// </summary>
internal sealed class SyncWriter(SearchWork work, StepContext context, DocumentQuery query, string index, IDocumentReading reading, RejectedDocuments rejected) : IAsyncDisposable
{
    private const string Tombstones = "index.gc_deletes";

    /// <summary>The number of attempts after which a document is left missing and reported.</summary>
    private const int Attempts = 8;

    /// <summary>The number of documents that one request searches for.</summary>
    private const int PerSearch = 2000;

    /// <summary>A little more than by default a node's clock ticks in (thread_pool.estimated_time_interval, 200 ms).</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(300);

    private readonly BulkTally _written = new(takesConflicts: true), _deleted = new(takesConflicts: true);

    /// <summary>
    /// Ids that must be in the index at the end, although the engine has refused them, or they were deleted to be
    /// written again.
    /// </summary>
    private readonly HashSet<string> _doubtful = new(StringComparer.Ordinal);
    private BulkPipe? _writing, _deleting;

    /// <summary>Ids that are not in the index, and that the database does not have any more either.</summary>
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private long _leftAlone, _returned;

    private string Path => $"/{SearchServer.Part(index)}";

    /// <summary>Writes documents that are missing (null) or of another version.</summary>
    public async Task WriteAsync(IReadOnlyDictionary<string, IndexedDocument?> documents, CancellationToken cancellation)
    {
        var ahead = new Dictionary<string, IndexedDocument>(StringComparer.Ordinal);
        var missing = documents.Where(document => document.Value is null).Select(document => document.Key).ToHashSet(StringComparer.Ordinal);
        _writing ??= Pipe(_written, cancellation);
        await using (var rows = await reading.ReadNowAsync([.. documents.Keys], documents: true, cancellation))
            await _writing.SendAllAsync(rows, (body, row) => Write(body, row, documents, ahead, missing), cancellation);
        _gone.UnionWith(missing);
        await _writing.SendAsync(cancellation); // what was read a while ago may have changed again
        if (ahead.Count > 0) await LowerAsync(ahead, new HashSet<string>(StringComparer.Ordinal), cancellation);
    }

    /// <summary>Deletes documents that the database does not have by now either.</summary>
    public async Task DeleteAsync(Dictionary<string, IndexedDocument> documents, CancellationToken cancellation)
    {
        await using (var rows = await reading.ReadNowAsync(documents.Keys, documents: false, cancellation))
            while (await rows.FillAsync(cancellation))
                while (rows.TryNext(out var row))
                    if (documents.Remove(Encoding.UTF8.GetString(row.Id))) _returned++;
        await DeleteSeenAsync(documents, _deleting ??= Pipe(_deleted, cancellation), cancellation);
    }

    /// <summary>Waits until all is done, makes everything searchable and counts it.</summary>
    public async Task EndAsync(SyncResult result, CancellationToken cancellation)
    {
        if (_writing is not null) await _writing.EndAsync(cancellation);
        if (_deleting is not null) await _deleting.EndAsync(cancellation);
        await work.Server.PostAsync($"{Path}/_refresh", null, cancellation);
        _doubtful.UnionWith(_written.ConflictingIds);
        var refused = await LackingAsync(cancellation);
        if (refused.Count > 0)
        {
            await LowerAsync(new Dictionary<string, IndexedDocument>(StringComparer.Ordinal), refused, cancellation);
            await work.Server.PostAsync($"{Path}/_refresh", null, cancellation);
        }
        result.Lacking = refused.Count == 0 ? 0 : (await LackingAsync(cancellation)).Count;
        (result.Written, result.Deleted) = (_written.Taken, _deleted.Taken);
        (result.Gone, result.Returned) = (_gone.Count, _returned);
        result.LeftAlone = _leftAlone + _returned + _written.Conflicts + _deleted.Conflicts - _written.ConflictingIds.Count(refused.Contains);
    }

    public async ValueTask DisposeAsync()
    {
        if (_writing is not null) await _writing.DisposeAsync();
        if (_deleting is not null) await _deleting.DisposeAsync();
    }

    private BulkPipe Pipe(BulkTally tally, CancellationToken cancellation) => new(work.Server, index, tally, rejected, work.Clock, cancellation);

    private void Write(BulkBody body, DocumentRow row, IReadOnlyDictionary<string, IndexedDocument?> documents, Dictionary<string, IndexedDocument> ahead, HashSet<string> missing)
    {
        var (id, version) = (Encoding.UTF8.GetString(row.Id), Encoding.UTF8.GetString(row.Version));
        missing.Remove(id);
        var found = documents[id];
        if (found?.Version == version) _leftAlone++;
        else if (DocumentLimits.WhyNot(row, query) is { } why) rejected.Add(row, why);
        else if (query.Version is not null && found is not null && Number(found.Version) > Number(version)) ahead[id] = found;
        else if (query.Version is not null) body.AddVersioned(row.Id, row.Version, row.Document);
        else if (found is null) body.AddNew(row.Id, row.Document);
        else body.AddInstead(row.Id, found.Seen, row.Document);
    }

    private static async Task DeleteSeenAsync(IReadOnlyDictionary<string, IndexedDocument> documents, BulkPipe pipe, CancellationToken cancellation)
    {
        foreach (var (id, document) in documents)
        {
            pipe.Filling.AddDeletion(Encoding.UTF8.GetBytes(id), document.Seen);
            if (pipe.IsFull) await pipe.SendAsync(cancellation);
        }
        await pipe.SendAsync(cancellation);
    }

    /// <summary>
    /// Deletes and rewrites documents. The engine remembers the version of a deleted document for a minute
    /// (gc_deletes), and must not do so here.
    /// </summary>
    /// <param name="ahead">Documents of a newer version than in the database.</param>
    /// <param name="gone">Documents that were deleted by another client.</param>
    /// <param name="cancellation">Cancels the writes; gc_deletes is restored all the same.</param>
    private async Task LowerAsync(Dictionary<string, IndexedDocument> ahead, IReadOnlySet<string> gone, CancellationToken cancellation)
    {
        var usual = (string?)(await work.Server.GetAsync($"{Path}/_settings?flat_settings=true", cancellation))[index]?["settings"]?[Tombstones];
        var remember = work.Undos.RememberDeletions(index, usual);
        await context.OweAsync(remember, cancellation);
        await SetTombstonesAsync("0s", cancellation);
        try
        {
            _doubtful.UnionWith(ahead.Keys);
            var (deleted, written) = (new BulkTally(takesConflicts: true), new BulkTally(takesConflicts: true));
            await using (var pipe = Pipe(deleted, cancellation))
            {
                await DeleteSeenAsync(ahead, pipe, cancellation);
                await pipe.EndAsync(cancellation);
            }
            var ids = ahead.Keys.Concat(gone).ToList();
            for (var attempt = 0; attempt < Attempts && written.Taken < deleted.Taken + gone.Count; attempt++)
                foreach (var batch in ids.Chunk(PerSearch)) await WriteForgottenAsync(batch, written, cancellation);
            if (written.Taken < deleted.Taken + gone.Count) _gone.UnionWith(await VanishedAsync(ids, cancellation));
            _leftAlone += deleted.Conflicts;
            Interlocked.Add(ref _written.Taken, written.Taken);
        }
        finally
        {
            await SetTombstonesAsync(usual, CancellationToken.None);
        }
        await context.SettleAsync(remember, cancellation);
    }

    /// <summary>The ids that the database no longer has.</summary>
    private async Task<IReadOnlySet<string>> VanishedAsync(IReadOnlyCollection<string> ids, CancellationToken cancellation)
    {
        var vanished = ids.ToHashSet(StringComparer.Ordinal);
        foreach (var batch in ids.Chunk(PerSearch))
        {
            await using var rows = await reading.ReadNowAsync(batch, documents: false, cancellation);
            while (await rows.FillAsync(cancellation))
                while (rows.TryNext(out var row)) vanished.Remove(Encoding.UTF8.GetString(row.Id));
        }
        return vanished;
    }

    /// <summary>The doubtful ids that the database has and the index lacks.</summary>
    private async Task<IReadOnlySet<string>> LackingAsync(CancellationToken cancellation)
    {
        var lacking = new HashSet<string>(StringComparer.Ordinal);
        if (_doubtful.Count == 0) return lacking;
        foreach (var batch in _doubtful.Chunk(await IndexWalk.PageAsync(work.Server, index, PerSearch, cancellation)))
        {
            var body = new JsonObject
            {
                ["size"] = batch.Length, ["_source"] = false,
                ["query"] = new JsonObject { ["ids"] = new JsonObject { ["values"] = new JsonArray([.. batch.Select(id => (JsonNode)id)]) } },
            };
            var there = (await work.Server.PostAsync($"{Path}/_search?allow_partial_search_results=false&filter_path=hits.hits._id", body, cancellation))["hits"]?["hits"] as JsonArray ?? [];
            var absent = batch.Except(there.Select(hit => (string)hit!["_id"]!), StringComparer.Ordinal).ToList();
            lacking.UnionWith(absent.Except(await VanishedAsync(absent, cancellation), StringComparer.Ordinal));
        }
        return lacking;
    }

    /// <summary>
    /// Writes documents whose deletion the engine has forgotten. A deletion within the tick of a node's clock is
    /// forgotten by a later refresh; a document that is written already is refused, which is no error.
    /// </summary>
    private async Task WriteForgottenAsync(IReadOnlyCollection<string> ids, BulkTally written, CancellationToken cancellation)
    {
        await Task.Delay(_tick, work.Clock, cancellation);
        await work.Server.PostAsync($"{Path}/_refresh", null, cancellation);
        await using var pipe = Pipe(written, cancellation);
        await using (var rows = await reading.ReadNowAsync(ids, documents: true, cancellation))
            await pipe.SendAllAsync(rows, IndexSync.WriterOf(query, rejected), cancellation);
        await pipe.EndAsync(cancellation);
    }

    private Task<JsonNode> SetTombstonesAsync(string? value, CancellationToken cancellation) =>
        work.Server.PutAsync($"{Path}/_settings", new JsonObject { [Tombstones] = value }, cancellation);

    private static long Number(string version) => long.Parse(version, CultureInfo.InvariantCulture);
}
