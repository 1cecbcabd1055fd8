using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Retention;

/// <summary>The decision to keep or remove a recovery point, and the reasons.</summary>
/// <param name="Point">The point.</param>
/// <param name="Stays">False when the point is removed.</param>
/// <param name="Reasons">At least one.</param>
public sealed record PointDecision(Snapshot Point, bool Stays, IReadOnlyList<string> Reasons)
{
    /// <summary>True for a complete point that is not in the future, so that others may be removed.</summary>
    public bool Counts { get; init; }
}

/// <summary>The decisions about the recovery points of a platform.</summary>
/// <param name="Decisions">Oldest first.</param>
/// <param name="Refusals">The reasons why nothing is removed now, whatever the decisions are; usually empty.</param>
public sealed record ForgetPlan(IReadOnlyList<PointDecision> Decisions, IReadOnlyList<Problem> Refusals)
{
    /// <summary>
    /// The beginning of the WAL window, counted back from the newest point that counts; null keeps all WAL.
    /// </summary>
    public Timestamp? WalBegin { get; init; }

    /// <summary>Archives of messages from before this time are removed; null keeps all of them.</summary>
    public Timestamp? MessagesBegin { get; init; }

    /// <summary>The points to remove, oldest first.</summary>
    public IReadOnlyList<Snapshot> Removed =>
        [.. Decisions.Where(decision => !decision.Stays).Select(decision => decision.Point)];

    /// <summary>The number of points that are kept.</summary>
    public int Kept => Decisions.Count(decision => decision.Stays);

    /// <param name="isMore">Whether something other than points would be removed.</param>
    /// <exception cref="ProblemException">The first refusal, when there is one and something would be
    /// removed.</exception>
    public void RefuseUnlessSafe(bool isMore = false)
    {
        var isAny = isMore || Decisions.Any(decision => !decision.Stays);
        if (Refusals.Count > 0 && isAny) throw new ProblemException(Refusals[0]);
    }
}
