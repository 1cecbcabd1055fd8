namespace Holdfast.Restic.Backends;

/// <summary>
/// A token bucket: the number of bytes per second for all its users together, served in the order of their requests.
/// Unused capacity is kept for a quarter of a second. May be used by several threads.
/// </summary>
public sealed class RateLimit
{
    private static readonly TimeSpan _burst = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly long _began;
    private TimeSpan _paid = TimeSpan.MinValue;

    /// <param name="bytesPerSecond">At least 1.</param>
    /// <param name="clock">The clock for the rate.</param>
    public RateLimit(long bytesPerSecond, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, 1);
        (BytesPerSecond, _clock, _began) = (bytesPerSecond, clock, clock.GetTimestamp());
    }

    public long BytesPerSecond { get; }

    /// <summary>
    /// The number of bytes to request at once, so that other users get their turn: an eighth of a second's, 1 to 64
    /// KiB.
    /// </summary>
    internal int Piece => (int)Math.Clamp(BytesPerSecond / 8, 1 << 10, 64 << 10);

    /// <summary>Waits until this number of bytes may pass. A cancelled wait uses up its bytes nevertheless.</summary>
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
