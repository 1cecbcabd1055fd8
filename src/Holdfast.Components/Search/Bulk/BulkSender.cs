using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// Sends bulk requests to one index, one at a time, by a connection that is opened for the first one. What a busy node turns away (HTTP 429) is sent again after a pause that grows, alone; what
/// it rejects is kept, with its reason. What is too large, as for a proxy before the engine (HTTP 413), is sent in halves.
/// </summary>
internal sealed class BulkSender(SearchServer server, string index, BulkTally tally, RejectedDocuments rejected, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(10);

    private WebChannel? _channel;

    /// <summary>So many bytes were too many for one request.</summary>
    private int _tooLarge = int.MaxValue;

    /// <summary>How long a node may be too busy to take anything. 5 minutes.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The pause before the first repetition; each further one is twice as long, 10 s at most.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(200);

    private string Path => $"/{SearchServer.Part(index)}/_bulk?{BulkAnswer.Filter}";

    /// <summary>Sends it until everything in it is taken or rejected.</summary>
    /// <exception cref="ProblemException">The engine can not be reached, or is too busy for too long.</exception>
    public async Task SendAsync(BulkBody body, CancellationToken cancellation)
    {
        var (pause, since) = (Pause, clock.GetTimestamp());
        var left = body;
        try
        {
            while (true)
            {
                var again = await TrySendAsync(left, cancellation);
                if (again is null) return;
                if (again.Count < left.Count) (pause, since) = (Pause, clock.GetTimestamp());
                if (!ReferenceEquals(left, again) && !ReferenceEquals(left, body)) left.Dispose();
                left = again;
                if (clock.GetElapsedTime(since) > Patience)
                    throw Catalogue.SearchBusy.Throwable($"{server.Place} has turned every document away for {Patience.TotalMinutes:0.#} minutes (HTTP 429).");
                Interlocked.Increment(ref tally.Pauses);
                await Task.Delay(pause, clock, cancellation);
                pause = pause * 2 < _longest ? pause * 2 : _longest;
            }
        }
        finally
        {
            if (!ReferenceEquals(left, body)) left.Dispose();
        }
    }

    public void Dispose() => _channel?.Dispose();

    /// <summary>What must be sent again; null when nothing is left.</summary>
    private async Task<BulkBody?> TrySendAsync(BulkBody body, CancellationToken cancellation)
    {
        if (body.Length >= _tooLarge && body.Count > 1) return await SendHalvesAsync(body, cancellation);
        _channel ??= await server.OpenChannelAsync(clock, cancellation);
        var (status, answer) = await _channel.PostAsync(Path, body.Bytes, "application/x-ndjson", cancellation);
        if (status == HttpStatusCode.RequestEntityTooLarge)
        {
            _tooLarge = Math.Min(_tooLarge, body.Length);
            if (body.Count > 1) return await SendHalvesAsync(body, cancellation);
            rejected.Add(body, new BulkFailure(0, (int)status, $"\"{server.Place} takes no request of {body.Length} bytes (HTTP 413)\""));
            return null;
        }
        if (status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable) return body;
        if (status != HttpStatusCode.OK) throw server.Refusal($"refuses documents for {index}", status, answer);
        var failures = Read(answer);
        var again = failures.Any(failure => failure.IsBusy) ? new BulkBody() : null;
        foreach (var failure in failures)
        {
            if (failure.IsBusy) again!.Add(body, failure.Position);
            else if (failure.IsConflict && tally.TakesConflicts) tally.AddConflict(BulkBody.IdOf(body[failure.Position].Action.Span));
            else rejected.Add(body, failure);
        }
        Interlocked.Add(ref tally.Taken, body.Count - failures.Count);
        if (again is null) Interlocked.Add(ref tally.Bytes, body.Length);
        return again;
    }

    private async Task<BulkBody?> SendHalvesAsync(BulkBody body, CancellationToken cancellation)
    {
        var (first, second) = body.Halve();
        using (first)
        using (second)
        {
            await SendAsync(first, cancellation);
            await SendAsync(second, cancellation);
        }
        return null;
    }

    private IReadOnlyList<BulkFailure> Read(ReadOnlyMemory<byte> answer)
    {
        try
        {
            return BulkAnswer.Failures(answer.Span);
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Catalogue.WebAnswer.Throwable($"{server.Place} does not answer _bulk as Elasticsearch and OpenSearch do: {foreign.Message.TrimEnd('.')}.", foreign);
        }
    }
}

/// <summary>What became of documents, bumped by several senders.</summary>
/// <param name="takesConflicts">A document that somebody else has changed first is well: his change is newer.</param>
internal sealed class BulkTally(bool takesConflicts)
{
    public long Taken, Conflicts, Bytes, Pauses;

    private readonly ConcurrentQueue<string> _conflicting = new();

    public bool TakesConflicts => takesConflicts;

    /// <summary>The ids of the conflicts.</summary>
    public IReadOnlyCollection<string> ConflictingIds => _conflicting;

    public void AddConflict(string id)
    {
        Interlocked.Increment(ref Conflicts);
        _conflicting.Enqueue(id);
    }
}
