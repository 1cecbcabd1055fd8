namespace Holdfast.Restic.Backends;

/// <summary>Timeouts and bandwidth limits for a repository on another machine.</summary>
public abstract class RemoteOptions
{
    /// <summary>
    /// How long a request with a transient failure (no connection, a lost one, HTTP 408, 429, 500, 502, 503, 504) is
    /// retried. 5 minutes by default.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a request is retried while the server has never answered: its name may be mistyped. 20 seconds by
    /// default. Zero for one attempt, as for a program that is started for the purpose.
    /// </summary>
    public TimeSpan FirstPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long a request may move less than 64 KiB, or fail to end, before it counts as a lost connection. 2 minutes
    /// by default.
    /// </summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The pause before the second attempt; it doubles up to 30 seconds. Half a second by default.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The number of connections and their bandwidth limits. 5 connections without a limit by default.
    /// </summary>
    public Traffic Traffic { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// <see cref="Stall"/>, plus the time for which the bandwidth limits themselves may delay one connection.
    /// </summary>
    internal TimeSpan StallWithLimits => Stall + Traffic.LongestHold;
}
