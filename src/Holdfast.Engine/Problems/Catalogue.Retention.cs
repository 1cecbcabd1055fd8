namespace Holdfast.Engine.Problems;

/// <summary>Problems of retention: which recovery points go.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind RetentionUnset = Kind("HF-RETENTION-UNSET", "The profile does not say which recovery points stay.",
        "Write 'retention: { points: { keep-daily: 14, ... } }' into the profile ('holdfast profile schema' shows all rules), or name the points that are to go.", ExitCode.Usage);
    public static readonly ProblemKind RetentionStale = Kind("HF-RETENTION-STALE", "The newest complete recovery point is too old for others to be removed.",
        "Take a recovery point with 'holdfast backup', and see why there was none. 'retention.points.stale-after' in the profile sets the limit; a clock that runs ahead looks the same.", ExitCode.Failure);
    public static readonly ProblemKind RetentionMost = Kind("HF-RETENTION-MOST", "More than half of the recovery points would be removed at once.",
        "Look at 'holdfast points forget --plan'. When it is what you want, run 'holdfast points forget --remove-most' once.", ExitCode.Failure);
    public static readonly ProblemKind RetentionPin = Kind("HF-RETENTION-PIN", "A pin of the profile fits no recovery point of the platform.",
        "Correct its id under 'retention.pins' in the profile ('holdfast points list' shows them), or take the pin out when the point is gone.", ExitCode.Failure);
    public static readonly ProblemKind RetentionKept = Kind("HF-RETENTION-KEPT", "A recovery point that was named must stay.",
        "Take its pin out of the profile, or take a complete recovery point first: the last complete one never goes.", ExitCode.Usage);
}
