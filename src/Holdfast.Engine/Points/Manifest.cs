using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Points;

/// <summary>/recovery-point.json: all that a person or a restore must know of a recovery point.</summary>
public sealed class Manifest
{
    /// <summary>The version of this format; 1.</summary>
    public int Format { get; init; } = 1;
    public required string Platform { get; init; }
    public required string RunId { get; init; }

    /// <summary>The final mode of the backup: a quiesced backup may have continued in online mode.</summary>
    public required BackupMode Mode { get; set; }
    public required string HoldfastVersion { get; init; }
    public required string Host { get; init; }
    public DateTimeOffset Started { get; set; }
    public DateTimeOffset Ended { get; set; }

    /// <summary>
    /// The mark of the point: the moment the snapshots of its databases were taken, or else its last component.
    /// </summary>
    public DateTimeOffset? Mark { get; set; }

    /// <summary>How long the platform was stopped; null when nothing was.</summary>
    public WindowRecord? Window { get; set; }
    public IList<ComponentRecord> Components { get; init => field = value ?? []; } = [];
    public IList<Problem> Warnings { get; init => field = value ?? []; } = [];
}
