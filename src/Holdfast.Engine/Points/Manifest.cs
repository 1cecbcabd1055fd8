using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Points;

/// <summary>/recovery-point.json: all that a person or a restore must know of a recovery point.</summary>
public sealed class Manifest
{
    /// <summary>The version of this format; 1.</summary>
    public int Format { get; init; } = 1;
    public required string Platform { get; init; }
    public required string RunId { get; init; }

    /// <summary>What the platform did meanwhile, in the end: a quiesced backup may have gone on online.</summary>
    public required BackupMode Mode { get; set; }
    public required string HoldfastVersion { get; init; }
    public required string Host { get; init; }
    public DateTimeOffset Started { get; set; }
    public DateTimeOffset Ended { get; set; }

    /// <summary>The instant that the point is of: the moment its databases' snapshots were taken, or else its last component was.</summary>
    public DateTimeOffset? Mark { get; set; }

    /// <summary>How long the platform was stopped; null when nothing was.</summary>
    public WindowRecord? Window { get; set; }
    public IList<ComponentRecord> Components { get; init => field = value ?? []; } = [];
    public IList<Problem> Warnings { get; init => field = value ?? []; } = [];
}
