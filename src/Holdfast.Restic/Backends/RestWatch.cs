namespace Holdfast.Restic.Backends;

/// <summary>Gives one request up when it makes no progress for a while, or so little that it would never end.</summary>
internal sealed class RestWatch : IDisposable
{
    /// <summary>So many bytes are progress; fewer are not, one by one. 64 KiB.</summary>
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

    /// <summary>Ends the request: by the caller, or because it stalls.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Bytes have gone or come: the time begins again when there were enough of them.</summary>
    public void Progress(int bytes)
    {
        _bytes += bytes;
        if (_bytes >= Least) Progress();
    }

    /// <summary>The server has begun to answer: the time begins again.</summary>
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
