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
internal sealed class SyncWriter(SearchWork work, DocumentQuery query, string index, IDocumentReading reading, RejectedDocuments rejected)
{
    private const string Tombstones = "index.gc_deletes";

    /// <summary>After so many the document is left missing, which the next sync finds.</summary>
    private const int Attempts = 8;

    /// <summary>A little more than by default a node's clock ticks in (thread_pool.estimated_time_interval, 200 ms).</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(300);

    private readonly BulkTally _written = new(takesConflicts: true), _deleted = new(takesConflicts: true);
    private long _leftAlone, _lowered;

    private string Path => $"/{SearchServer.Part(index)}";

    /// <summary>Writes documents that are missing (null) or of another version.</summary>
    public async Task WriteAsync(IReadOnlyDictionary<string, IndexedDocument?> documents, CancellationToken cancellation)
    {
        var ahead = new Dictionary<string, IndexedDocument>(StringComparer.Ordinal);
        await using var pipe = new BulkPipe(work.Server, index, _written, rejected, work.Clock, cancellation);
        await using (var rows = await reading.ReadNowAsync([.. documents.Keys], documents: true, cancellation))
            await pipe.SendAllAsync(rows, (body, row) => Write(body, row, documents, ahead), cancellation);
        await pipe.EndAsync(cancellation);
        if (ahead.Count > 0) await LowerAsync(ahead, cancellation);
    }

    /// <summary>Deletes documents that the database does not have by now either.</summary>
    public async Task DeleteAsync(Dictionary<string, IndexedDocument> documents, CancellationToken cancellation)
    {
        await using (var rows = await reading.ReadNowAsync(documents.Keys, documents: false, cancellation))
            while (await rows.FillAsync(cancellation))
                while (rows.TryNext(out var row))
                    if (documents.Remove(Encoding.UTF8.GetString(row.Id))) _leftAlone++;
        await DeleteSeenAsync(documents, cancellation);
    }

    /// <summary>Makes everything searchable and counts it.</summary>
    public async Task EndAsync(SyncResult result, CancellationToken cancellation)
    {
        await work.Server.PostAsync($"{Path}/_refresh", null, cancellation);
        (result.Written, result.Deleted) = (_written.Taken, _deleted.Taken - _lowered);
        result.LeftAlone = _leftAlone + _written.Conflicts + _deleted.Conflicts;
    }

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

    private async Task DeleteSeenAsync(IReadOnlyDictionary<string, IndexedDocument> documents, CancellationToken cancellation)
    {
        await using var pipe = new BulkPipe(work.Server, index, _deleted, rejected, work.Clock, cancellation);
        foreach (var (id, document) in documents)
        {
            pipe.Filling.AddDeletion(Encoding.UTF8.GetBytes(id), document.Seen);
            if (pipe.IsFull) await pipe.SendAsync(cancellation);
        }
        await pipe.EndAsync(cancellation);
    }

    /// <summary>The engine remembers the version of what was deleted for a minute (gc_deletes); here it must forget it at once.</summary>
    private async Task LowerAsync(Dictionary<string, IndexedDocument> ahead, CancellationToken cancellation)
    {
        var usual = (await work.Server.GetAsync($"{Path}/_settings?flat_settings=true", cancellation))[index]?["settings"]?[Tombstones]?.DeepClone();
        await SetTombstonesAsync("0s", cancellation);
        try
        {
            var before = _deleted.Taken;
            await DeleteSeenAsync(ahead, cancellation);
            var lowered = _deleted.Taken - before;
            _lowered += lowered;
            var written = new BulkTally(takesConflicts: true);
            for (var attempt = 0; attempt < Attempts && written.Taken < lowered; attempt++) await WriteForgottenAsync(ahead.Keys, written, cancellation);
            _written.Taken += written.Taken;
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
        await using var pipe = new BulkPipe(work.Server, index, written, rejected, work.Clock, cancellation);
        await using (var rows = await reading.ReadNowAsync(ids, documents: true, cancellation))
            await pipe.SendAllAsync(rows, IndexSync.WriterOf(query), cancellation);
        await pipe.EndAsync(cancellation);
    }

    private Task<JsonNode> SetTombstonesAsync(JsonNode? value, CancellationToken cancellation) =>
        work.Server.PutAsync($"{Path}/_settings", new JsonObject { [Tombstones] = value }, cancellation);

    private static long Number(string version) => long.Parse(version, CultureInfo.InvariantCulture);
}
