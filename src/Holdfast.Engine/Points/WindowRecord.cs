namespace Holdfast.Engine.Points;

/// <summary>The time from the first service stopped to the last one up again, in which users had to wait.</summary>
public sealed record WindowRecord
{
    public required DateTimeOffset Opened { get; init; }
    public required DateTimeOffset Closed { get; init; }

    public double Seconds => (Closed - Opened).TotalSeconds;
}
