using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>The result of a copy, or of its simulation.</summary>
/// <param name="Report">What was copied, and what was not.</param>
/// <param name="Removed">Recovery points that were removed from the copy, because its rules no longer keep
/// them.</param>
/// <param name="Merged">Snapshots of WAL that were removed from the copy, because a newer one holds all of their
/// segments.</param>
/// <param name="Warnings">The reasons why something was not copied or not removed.</param>
public sealed record CopyOutcome(CopyReport Report, int Removed, int Merged, IReadOnlyList<Problem> Warnings)
{
    /// <summary>The number of recovery points that were copied.</summary>
    public int Points => Report.Copied.Count(PointTags.IsPoint);

    /// <summary>The number of snapshots of WAL that were copied.</summary>
    public int Wal => Report.Copied.Count(PointTags.IsWal);

    /// <summary>The number of archives of messages that were copied.</summary>
    public int Messages => Report.Copied.Count(PointTags.IsMessages);

    /// <summary>The exit code of the program.</summary>
    public ExitCode Exit => Has(Catalogue.CopyUnverified) ? ExitCode.Damaged
        : Has(Catalogue.CopyDamaged) ? ExitCode.Incomplete
        : ExitCode.Success;

    /// <summary>The reason why a snapshot was not copied.</summary>
    internal static Problem Describe(UncopiedSnapshot left) => left.InDestination
        ? Catalogue.CopyUnverified.With($"{Name(left.Snapshot)} cannot be read back from the copy: {left.Message}")
        : Catalogue.CopyDamaged.With($"{Name(left.Snapshot)} was not copied: {left.Message}");

    private bool Has(ProblemKind kind) => Warnings.Any(warning => warning.Code == kind.Code);

    private static string Name(Snapshot snapshot)
    {
        var what = PointTags.IsPoint(snapshot) ? "Recovery point"
            : PointTags.IsWal(snapshot) ? "The archived WAL of snapshot"
            : PointTags.IsMessages(snapshot) ? "The archive of messages"
            : "Snapshot";
        return $"{what} {snapshot.Id.ToShortString()}";
    }
}
