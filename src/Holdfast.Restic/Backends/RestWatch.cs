namespace Holdfast.Restic.Backends;

/// <summary>Cancels a request that makes no progress for a while, or so little that it would never end.</summary>
internal sealed class RestWatch : IDisposable
{
    /// <summary>The number of bytes that counts as progress. 64 KiB.</summary>
    private const int Least = 64 << 10;

    private readonly TimeSpan _stall;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;
    private int _bytes;

    public RestWatch(RemoteOptions options, CancellationToken cancellation)
    {
        _stall = options.StallWithLimits;
        _timer = new CancellationTokenSource(_stall, options.Clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _timer.Token);
    }

    /// <summary>Cancelled when the caller cancels, or when the request stalls.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Records bytes sent or received: the timeout restarts when there are enough of them.</summary>
    public void Progress(int bytes)
    {
        _bytes += bytes;
        if (_bytes >= Least) Progress();
    }

    /// <summary>Records that the server has begun to answer: the timeout restarts.</summary>
    public void Progress()
    {
        _bytes = 0;
        _timer.CancelAfter(_stall);
    }

    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}
