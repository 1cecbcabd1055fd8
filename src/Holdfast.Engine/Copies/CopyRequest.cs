using Holdfast.Engine.Points;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>The options of a copy.</summary>
public sealed record CopyRequest
{
    /// <summary>The platform whose snapshots are copied; null for all platforms.</summary>
    public string? Platform { get; init; }

    /// <summary>Snapshots of other programs are copied too.</summary>
    public bool Foreign { get; init; }

    /// <summary>
    /// The recovery points that are copied, besides WAL and messages; null for all that the rules keep.
    /// </summary>
    public IReadOnlySet<Id>? Points { get; init; }

    /// <summary>The rules for the points that the copy keeps; without a rule it keeps every point.</summary>
    public KeepRules Keep { get; init; } = new();

    /// <summary>Points that are kept whatever the rules are.</summary>
    public IReadOnlyList<Pin> Pins { get; init; } = [];

    /// <summary>Archived WAL is copied.</summary>
    public bool Wal { get; init; } = true;

    /// <summary>A simulation: nothing is changed.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>The counters of its progress.</summary>
    public CopyCounters Counters { get; init; } = new();

    /// <summary>The options that the profile has for a copy, for its platform.</summary>
    public static CopyRequest Of(CopySettings copy) =>
        new() { Platform = copy.Profile.Platform, Keep = copy.Keep, Pins = copy.Pins, Wal = copy.Wal };

    /// <summary>True for a snapshot of the platform, and for others when these are requested.</summary>
    internal bool IsOurs(Snapshot snapshot) => PointTags.PlatformOf(snapshot) is { } platform
        ? Platform is null || platform == Platform
        : Foreign;

    /// <summary>True for a snapshot other than a recovery point that is to be copied.</summary>
    internal bool IsWanted(Snapshot snapshot) =>
        PointTags.IsWal(snapshot) ? Wal : PointTags.IsMessages(snapshot) || Foreign;
}
