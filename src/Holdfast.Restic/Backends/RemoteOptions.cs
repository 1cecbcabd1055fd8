namespace Holdfast.Restic.Backends;

/// <summary>How long a repository on another machine is tried, and how much of the line to it may be taken.</summary>
public abstract class RemoteOptions
{
    /// <summary>
    /// A request that fails by what may pass (no connection, a cut one, HTTP 408, 429, 500, 502, 503, 504) is sent
    /// again for so long. 5 minutes.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The same while the server has not answered once: its name may be mistyped. 20 seconds. Zero for one try, as for
    /// a program that is started for the purpose.
    /// </summary>
    public TimeSpan FirstPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// A request that moves less than 64 KiB in so long, or does not end, counts as a cut connection. 2 minutes.
    /// </summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The pause before the second try; it doubles up to 30 seconds. Half a second.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How many connections there are, and how fast they may be. 5, as fast as they can.</summary>
    public Traffic Traffic { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary><see cref="Stall"/>, and the time for which the limits of the traffic themselves may hold up one connection.</summary>
    internal TimeSpan StallWithLimits => Stall + Traffic.LongestHold;
}
