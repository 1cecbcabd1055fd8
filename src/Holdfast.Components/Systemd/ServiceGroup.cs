namespace Holdfast.Components.Systemd;

/// <summary>Units of the platform that are stopped together, in the order of the profile.</summary>
public sealed record ServiceGroup
{
    public required string Name { get; init; }

    /// <summary>Names of units, or patterns of names as systemctl takes them.</summary>
    public required IReadOnlyList<string> Units { get; init; }

    /// <summary>The time limit for stopping each unit; null for its own TimeoutStopSec and 5 seconds.</summary>
    public TimeSpan? StopTimeout { get; init; }

    /// <summary>
    /// The time limit for starting each unit, for which it delays the next ones; null for its own TimeoutStartSec and 5
    /// seconds, and 2 minutes.
    /// </summary>
    public TimeSpan? StartTimeout { get; init; }

    /// <summary>They work queues off, so that they are stopped only when the queues are idle.</summary>
    public bool IsAfterDrain { get; init; }

    /// <summary>They hold data that a backup asks them for, so that they stay up.</summary>
    public bool IsStore { get; init; }

    /// <summary>
    /// The position in the stop order: units that create work first, then workers, then stores; within these, the order
    /// of the profile.
    /// </summary>
    internal int Turn => IsStore ? 2 : IsAfterDrain ? 1 : 0;
}
