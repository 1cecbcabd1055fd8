using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// Sends bulk requests to one index, one at a time, by a connection that is opened for the first one. Documents that a
/// busy node refuses (HTTP 429) are sent again, alone, after a growing pause; rejected documents are kept with the
/// reason. A request that is too large, as for a proxy before the engine (HTTP 413), is sent in halves.
/// </summary>
internal sealed class BulkSender(SearchServer server, string index, BulkTally tally, RejectedDocuments rejected, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(10);

    private WebChannel? _channel;

    /// <summary>The engine's reason for its last rejection; null before the first.</summary>
    private string? _reason;

    /// <summary>The smallest size of a request that was too large, in bytes.</summary>
    private int _tooLarge = int.MaxValue;

    /// <summary>How long a node may be too busy to take anything. 5 minutes.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The pause before the first repetition; each further one is twice as long, 10 s at most.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(200);

    private string Path => $"/{SearchServer.Part(index)}/_bulk?{BulkAnswer.Filter}";

    /// <summary>Sends the body until every document in it is accepted or rejected.</summary>
    /// <exception cref="ProblemException">The engine cannot be reached, or is too busy for too long.</exception>
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
                    throw Catalogue.SearchBusy.Throwable($"{server.Place} has turned every document away for {Patience.TotalMinutes:0.#} minutes (HTTP 429){(_reason is null ? "" : $": {_reason}")}.");
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

    /// <summary>Returns the documents that must be sent again; null when there are none.</summary>
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
        if (status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
        {
            _reason = ReasonOf(answer);
            return body;
        }
        if (status != HttpStatusCode.OK) throw server.Refusal($"refuses documents for {index}", status, answer);
        var failures = Read(answer);
        if (failures.FirstOrDefault(failure => IndexBlocks.IsFullDisk(failure.Error)) is { } full) throw FullDisk(full);
        var again = failures.Any(failure => failure.IsBusy) ? new BulkBody() : null;
        foreach (var failure in failures)
        {
            if (failure.IsBusy)
            {
                again!.Add(body, failure.Position);
                _reason = ReasonOf(Encoding.UTF8.GetBytes(failure.Error));
            }
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

    private ProblemException FullDisk(BulkFailure failure) => Catalogue.SearchBlocked.Throwable(
        $"{server.Place} takes no documents for {index}: {ReasonOf(Encoding.UTF8.GetBytes(failure.Error))}.",
        "The engine sets index.blocks.read_only_allow_delete when a disk is nearly full: make room; then lift it with "
        + $"PUT {index}/_settings {{\"index.blocks.read_only_allow_delete\": null}}, and run the command again.");

    /// <summary>The reasons of an answer, or of one document's error; its beginning when it is something else.</summary>
    private static string ReasonOf(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var error = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var told) ? told : document.RootElement;
            if (SearchServer.Reasons(error) is { Count: > 0 } reasons) return Excerpt.Of(string.Join(": ", reasons), Excerpt.Error).TrimEnd('.');
        }
        catch (JsonException)
        {
            // A proxy, or the middle of something.
        }
        return Excerpt.Of(Encoding.UTF8.GetString(json.Span), Excerpt.Error);
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

/// <summary>Counts accepted and rejected documents; several senders may update it at the same time.</summary>
/// <param name="takesConflicts">Counts a version conflict as success: the other writer's change is newer.</param>
internal sealed class BulkTally(bool takesConflicts)
{
    public long Taken, Conflicts, Bytes, Pauses;

    private readonly ConcurrentQueue<string> _conflicting = new();

    public bool TakesConflicts => takesConflicts;

    /// <summary>The ids of documents with a version conflict.</summary>
    public IReadOnlyCollection<string> ConflictingIds => _conflicting;

    public void AddConflict(string id)
    {
        Interlocked.Increment(ref Conflicts);
        _conflicting.Enqueue(id);
    }
}
