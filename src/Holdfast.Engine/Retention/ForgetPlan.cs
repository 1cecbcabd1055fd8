using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Retention;

/// <summary>Whether a recovery point stays, and each reason for it.</summary>
public sealed record PointDecision(Snapshot Point, bool Stays, IReadOnlyList<string> Reasons);

/// <summary>What becomes of each recovery point of a platform.</summary>
/// <param name="Decisions">Oldest first.</param>
/// <param name="Refusals">Why nothing is removed now, whatever the decisions are; usually empty.</param>
public sealed record ForgetPlan(IReadOnlyList<PointDecision> Decisions, IReadOnlyList<Problem> Refusals)
{
    /// <summary>The points that go, oldest first.</summary>
    public IReadOnlyList<Snapshot> Removed =>
        [.. Decisions.Where(decision => !decision.Stays).Select(decision => decision.Point)];

    /// <summary>How many stay.</summary>
    public int Kept => Decisions.Count(decision => decision.Stays);

    /// <exception cref="ProblemException">The first refusal, when there is one and something would go.</exception>
    public void RefuseUnlessSafe()
    {
        if (Refusals.Count > 0 && Decisions.Any(decision => !decision.Stays)) throw new ProblemException(Refusals[0]);
    }
}
