using Holdfast.Components.Postgres.Format;

namespace Holdfast.Components.Postgres.Retention;

/// <summary>Whether a file of the archive stays, with the reason.</summary>
internal sealed record WalDecision(WalFile File, bool Stays, string Reason);

/// <summary>A range of which any instant can be restored: a base backup, and its WAL without a gap.</summary>
/// <param name="Timeline">The timeline that a restore follows.</param>
/// <param name="First">The base backup with which it begins, at its mark.</param>
/// <param name="Last">The last segment.</param>
internal sealed record RestorableRange(uint Timeline, WalBase First, WalSegment Last);

/// <summary>The decisions on the files of a cluster's WAL archive.</summary>
/// <param name="Decisions">The decisions by file name.</param>
/// <param name="Before">What can be restored before the plan is carried out.</param>
/// <param name="After">What can be restored after the plan is carried out.</param>
internal sealed record WalPlan(
    IReadOnlyList<WalDecision> Decisions, IReadOnlyList<RestorableRange> Before, IReadOnlyList<RestorableRange> After)
{
    public IReadOnlyList<WalFile> Removed => [.. Decisions.Where(one => !one.Stays).Select(one => one.File)];
}
