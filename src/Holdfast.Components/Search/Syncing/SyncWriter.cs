using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Bulk;
using Holdfast.Engine.Documents;

namespace Holdfast.Components.Search.Syncing;

/// <summary>
/// Mends what a comparison found. Each row is read again first: when it has become what the index has, there is nothing to do. What the index
/// has in a newer version than the database (which was brought back to an earlier instant) is deleted before it is written, because the
/// engine takes no older version.
/// </summary>
internal sealed class SyncWriter(SearchWork work, DocumentQuery query, string index, IDocumentReading reading, RejectedDocuments rejected) : IAsyncDisposable
{
    private const string Tombstones = "index.gc_deletes";

    /// <summary>After so many the document is left missing, which the next sync finds.</summary>
    private const int Attempts = 8;

    /// <summary>A little more than by default a node's clock ticks in (thread_pool.estimated_time_interval, 200 ms).</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(300);

    private readonly BulkTally _written = new(takesConflicts: true), _deleted = new(takesConflicts: true);
    private BulkPipe? _writing, _deleting;
    private long _leftAlone;

    private string Path => $"/{SearchServer.Part(index)}";

    /// <summary>Writes documents that are missing (null) or of another version.</summary>
    public async Task WriteAsync(IReadOnlyDictionary<string, IndexedDocument?> documents, CancellationToken cancellation)
    {
        var ahead = new Dictionary<string, IndexedDocument>(StringComparer.Ordinal);
        _writing ??= Pipe(_written, cancellation);
        await using (var rows = await reading.ReadNowAsync([.. documents.Keys], documents: true, cancellation))
            await _writing.SendAllAsync(rows, (body, row) => Write(body, row, documents, ahead), cancellation);
        await _writing.SendAsync(cancellation); // what was read a while ago may have changed again
        if (ahead.Count > 0) await LowerAsync(ahead, cancellation);
    }

    /// <summary>Deletes documents that the database does not have by now either.</summary>
    public async Task DeleteAsync(Dictionary<string, IndexedDocument> documents, CancellationToken cancellation)
    {
        await using (var rows = await reading.ReadNowAsync(documents.Keys, documents: false, cancellation))
            while (await rows.FillAsync(cancellation))
                while (rows.TryNext(out var row))
                    if (documents.Remove(Encoding.UTF8.GetString(row.Id))) _leftAlone++;
        await DeleteSeenAsync(documents, _deleting ??= Pipe(_deleted, cancellation), cancellation);
    }

    /// <summary>Waits until all is done, makes everything searchable and counts it.</summary>
    public async Task EndAsync(SyncResult result, CancellationToken cancellation)
    {
        if (_writing is not null) await _writing.EndAsync(cancellation);
        if (_deleting is not null) await _deleting.EndAsync(cancellation);
        await work.Server.PostAsync($"{Path}/_refresh", null, cancellation);
        (result.Written, result.Deleted) = (_written.Taken, _deleted.Taken);
        result.LeftAlone = _leftAlone + _written.Conflicts + _deleted.Conflicts;
    }

    public async ValueTask DisposeAsync()
    {
        if (_writing is not null) await _writing.DisposeAsync();
        if (_deleting is not null) await _deleting.DisposeAsync();
    }

    private BulkPipe Pipe(BulkTally tally, CancellationToken cancellation) => new(work.Server, index, tally, rejected, work.Clock, cancellation);

    private void Write(BulkBody body, DocumentRow row, IReadOnlyDictionary<string, IndexedDocument?> documents, Dictionary<string, IndexedDocument> ahead)
    {
        var (id, version) = (Encoding.UTF8.GetString(row.Id), Encoding.UTF8.GetString(row.Version));
        var found = documents[id];
        if (found?.Version == version) _leftAlone++;
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

    /// <summary>The engine remembers the version of what was deleted for a minute (gc_deletes); here it must forget it at once.</summary>
    private async Task LowerAsync(Dictionary<string, IndexedDocument> ahead, CancellationToken cancellation)
    {
        var usual = (await work.Server.GetAsync($"{Path}/_settings?flat_settings=true", cancellation))[index]?["settings"]?[Tombstones]?.DeepClone();
        await SetTombstonesAsync("0s", cancellation);
        try
        {
            var (deleted, written) = (new BulkTally(takesConflicts: true), new BulkTally(takesConflicts: true));
            await using (var pipe = Pipe(deleted, cancellation))
            {
                await DeleteSeenAsync(ahead, pipe, cancellation);
                await pipe.EndAsync(cancellation);
            }
            for (var attempt = 0; attempt < Attempts && written.Taken < deleted.Taken; attempt++) await WriteForgottenAsync(ahead.Keys, written, cancellation);
            _leftAlone += deleted.Conflicts;
            Interlocked.Add(ref _written.Taken, written.Taken);
        }
        finally
        {
            await SetTombstonesAsync(usual, CancellationToken.None);
        }
    }

    /// <summary>What was deleted within the tick of a node's clock is forgotten by a later refresh; what is written already is refused, which is well.</summary>
    private async Task WriteForgottenAsync(IReadOnlyCollection<string> ids, BulkTally written, CancellationToken cancellation)
    {
        await Task.Delay(_tick, work.Clock, cancellation);
        await work.Server.PostAsync($"{Path}/_refresh", null, cancellation);
        await using var pipe = Pipe(written, cancellation);
        await using (var rows = await reading.ReadNowAsync(ids, documents: true, cancellation))
            await pipe.SendAllAsync(rows, IndexSync.WriterOf(query), cancellation);
        await pipe.EndAsync(cancellation);
    }

    private Task<JsonNode> SetTombstonesAsync(JsonNode? value, CancellationToken cancellation) =>
        work.Server.PutAsync($"{Path}/_settings", new JsonObject { [Tombstones] = value }, cancellation);

    private static long Number(string version) => long.Parse(version, CultureInfo.InvariantCulture);
}
