using Holdfast.Engine.Points;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>What is to be copied.</summary>
public sealed record CopyRequest
{
    /// <summary>Only what is of this platform; null for all platforms.</summary>
    public string? Platform { get; init; }

    /// <summary>Snapshots of other programs are copied too.</summary>
    public bool Foreign { get; init; }

    /// <summary>Only these recovery points, beside WAL and messages; null for all that the rules keep.</summary>
    public IReadOnlySet<Id>? Points { get; init; }

    /// <summary>Which points the copy keeps; no rule at all keeps every point.</summary>
    public KeepRules Keep { get; init; } = new();

    /// <summary>Points that stay whatever the rules say.</summary>
    public IReadOnlyList<Pin> Pins { get; init; } = [];

    /// <summary>Archived WAL is copied.</summary>
    public bool Wal { get; init; } = true;

    /// <summary>Nothing is changed.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>Figures of its progress.</summary>
    public CopyCounters Counters { get; init; } = new();

    /// <summary>What the profile says of a copy, for its platform.</summary>
    public static CopyRequest Of(CopySettings copy) =>
        new() { Platform = copy.Profile.Platform, Keep = copy.Keep, Pins = copy.Pins, Wal = copy.Wal };

    /// <summary>True for a snapshot of the platform, and for others when these are asked for.</summary>
    internal bool IsOurs(Snapshot snapshot) => PointTags.PlatformOf(snapshot) is { } platform
        ? Platform is null || platform == Platform
        : Foreign;

    /// <summary>True for a snapshot that is no recovery point, and is copied.</summary>
    internal bool IsWanted(Snapshot snapshot) =>
        PointTags.IsWal(snapshot) ? Wal : PointTags.IsMessages(snapshot) || Foreign;
}
