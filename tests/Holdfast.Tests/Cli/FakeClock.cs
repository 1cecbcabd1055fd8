namespace Holdfast.Tests.Cli;

/// <summary>A clock that only moves when it is told to.</summary>
internal sealed class FakeClock : TimeProvider
{
    private TimeSpan _elapsed = TimeSpan.FromHours(1);

    public void Advance(double seconds) => _elapsed += TimeSpan.FromSeconds(seconds);

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 22, 21, 0, 0, TimeSpan.Zero) + _elapsed;

    public override long GetTimestamp() => _elapsed.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
}
