namespace Holdfast.Restic.Backends;

/// <summary>
/// A token bucket: how many bytes may pass in a second, for all that share it, in the order in which they ask. What was not
/// used is kept for a quarter of a second. May be used by several threads.
/// </summary>
public sealed class RateLimit
{
    private static readonly TimeSpan _burst = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly long _began;
    private TimeSpan _paid = TimeSpan.MinValue;

    /// <param name="bytesPerSecond">At least 1.</param>
    /// <param name="clock">What seconds are counted by.</param>
    public RateLimit(long bytesPerSecond, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, 1);
        (BytesPerSecond, _clock, _began) = (bytesPerSecond, clock, clock.GetTimestamp());
    }

    public long BytesPerSecond { get; }

    /// <summary>As many bytes as should pass at once, so that others have their turn: an eighth of a second's, 1 to 64 KiB.</summary>
    internal int Piece => (int)Math.Clamp(BytesPerSecond / 8, 1 << 10, 64 << 10);

    /// <summary>Waits until so many bytes may pass. Who stops waiting has taken them all the same.</summary>
    public async ValueTask TakeAsync(int bytes, CancellationToken cancellation)
    {
        var wait = Take(bytes);
        if (wait > TimeSpan.Zero) await Task.Delay(wait, _clock, cancellation);
    }

    private TimeSpan Take(int bytes)
    {
        lock (_gate)
        {
            var now = _clock.GetElapsedTime(_began);
            var from = _paid > now - _burst ? _paid : now - _burst;
            _paid = from + TimeSpan.FromSeconds((double)bytes / BytesPerSecond);
            return _paid - now;
        }
    }
}
