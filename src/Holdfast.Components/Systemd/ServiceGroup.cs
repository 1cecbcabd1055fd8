namespace Holdfast.Components.Systemd;

/// <summary>Units of the platform that are stopped together, in the order of the profile.</summary>
public sealed record ServiceGroup
{
    public required string Name { get; init; }

    /// <summary>Names of units, or patterns of names as systemctl takes them.</summary>
    public required IReadOnlyList<string> Units { get; init; }

    /// <summary>How long each unit may take to stop; null for its own TimeoutStopSec and 5 seconds.</summary>
    public TimeSpan? StopTimeout { get; init; }

    /// <summary>How long each unit may take to start, and keeps the next ones waiting; null for its own TimeoutStartSec and 5 seconds, and 2 minutes.</summary>
    public TimeSpan? StartTimeout { get; init; }

    /// <summary>They work queues off, so that they are stopped only when the queues are idle.</summary>
    public bool IsAfterDrain { get; init; }

    /// <summary>They hold data that a backup asks them for, so that they stay up.</summary>
    public bool IsStore { get; init; }

    /// <summary>What makes work is stopped first, then what does it, then what holds the data; within these it is the order of the profile.</summary>
    internal int Turn => IsStore ? 2 : IsAfterDrain ? 1 : 0;
}
