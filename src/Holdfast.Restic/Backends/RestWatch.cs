namespace Holdfast.Restic.Backends;

/// <summary>Gives one request up when it makes no progress for a while.</summary>
internal sealed class RestWatch : IDisposable
{
    private readonly TimeSpan _stall;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;

    public RestWatch(RestOptions options, CancellationToken cancellation)
    {
        _stall = options.Stall;
        _timer = new CancellationTokenSource(options.Stall, options.Clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _timer.Token);
    }

    /// <summary>Ends the request: by the caller, or because it stalls.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Bytes have gone or come: the time begins again.</summary>
    public void Progress() => _timer.CancelAfter(_stall);

    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}
