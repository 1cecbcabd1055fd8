using System.Threading.Channels;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// Sends documents to one index by several connections at once, each opened when it is first needed. The caller waits
/// when all are busy, so that memory holds only the documents being sent. It must be ended, and then disposed of.
/// </summary>
internal sealed class BulkPipe : IAsyncDisposable
{
    /// <summary>A request of some megabytes is taken fastest, and even a small node has room for several.</summary>
    private const int FullBytes = 3 << 20, FullCount = 5000;

    private readonly Channel<BulkBody> _full;
    private readonly Channel<BulkBody> _empty = Channel.CreateUnbounded<BulkBody>();
    private readonly CancellationTokenSource _stop;
    private readonly Task _sending;
    private BulkBody? _filling;
    private Exception? _failure;

    public BulkPipe(SearchServer server, string index, BulkTally tally, RejectedDocuments rejected, TimeProvider clock, CancellationToken cancellation)
    {
        var senders = Math.Clamp(Environment.ProcessorCount, 2, 4);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _full = Channel.CreateBounded<BulkBody>(1);
        _sending = Task.WhenAll(Enumerable.Range(0, senders).Select(_ => Task.Run(SendOneAsync, CancellationToken.None)));

        async Task SendOneAsync()
        {
            try
            {
                using var sender = new BulkSender(server, index, tally, rejected, clock);
                await foreach (var body in _full.Reader.ReadAllAsync(_stop.Token))
                {
                    await sender.SendAsync(body, _stop.Token);
                    _empty.Writer.TryWrite(body);
                }
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref _failure, failure, null);
                _full.Writer.TryComplete(); // ends the wait of a caller that sends a body
                await _stop.CancelAsync();
            }
        }
    }

    /// <summary>The body that is being filled.</summary>
    public BulkBody Filling => _filling ??= Rent();

    public bool IsFull => _filling is { } body && (body.Length >= FullBytes || body.Count >= FullCount);

    /// <summary>Queues the filled body.</summary>
    /// <exception cref="ProblemException">The engine cannot be reached, or is too busy.</exception>
    public async ValueTask SendAsync(CancellationToken cancellation)
    {
        if (_filling is not { Count: > 0 } body) return;
        _filling = null;
        try
        {
            await _full.Writer.WriteAsync(body, cancellation);
        }
        catch (ChannelClosedException) when (_failure is { } failure)
        {
            body.Dispose();
            throw failure.ToThrowable();
        }
    }

    /// <summary>Sends every row in its order.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="add">Writes a row into the body.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    public async Task SendAllAsync(IDocumentRows rows, RowWriter add, CancellationToken cancellation)
    {
        while (await rows.FillAsync(cancellation))
            while (Pack(rows, add)) await SendAsync(cancellation);
    }

    /// <summary>Hands over the rest and waits until all is taken or rejected.</summary>
    /// <exception cref="ProblemException">As for sending.</exception>
    public async Task EndAsync(CancellationToken cancellation)
    {
        await SendAsync(cancellation);
        _full.Writer.TryComplete();
        await _sending;
        if (_failure is { } failure) throw failure.ToThrowable();
    }

    public async ValueTask DisposeAsync()
    {
        _full.Writer.TryComplete();
        await _stop.CancelAsync();
        await _sending;
        _filling?.Dispose();
        while (_empty.Reader.TryRead(out var body)) body.Dispose();
        _stop.Dispose();
    }

    private BulkBody Rent()
    {
        if (!_empty.Reader.TryRead(out var body)) return new BulkBody();
        body.Clear();
        return body;
    }

    /// <summary>True when the body is full; false when more rows must be waited for.</summary>
    private bool Pack(IDocumentRows rows, RowWriter add)
    {
        var body = Filling;
        while (!IsFull)
        {
            if (!rows.TryNext(out var row)) return false;
            add(body, row);
        }
        return true;
    }
}

/// <summary>Writes a row into a bulk request.</summary>
internal delegate void RowWriter(BulkBody body, DocumentRow row);
