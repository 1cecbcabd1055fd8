using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Retention;

/// <summary>Whether a recovery point stays, and each reason for it.</summary>
/// <param name="Point">The point.</param>
/// <param name="Stays">False when it goes.</param>
/// <param name="Reasons">At least one.</param>
public sealed record PointDecision(Snapshot Point, bool Stays, IReadOnlyList<string> Reasons)
{
    /// <summary>It is complete and not of the future, so others may go for its sake.</summary>
    public bool Counts { get; init; }
}

/// <summary>What becomes of each recovery point of a platform.</summary>
/// <param name="Decisions">Oldest first.</param>
/// <param name="Refusals">Why nothing is removed now, whatever the decisions are; usually empty.</param>
public sealed record ForgetPlan(IReadOnlyList<PointDecision> Decisions, IReadOnlyList<Problem> Refusals)
{
    /// <summary>Where the WAL window begins, counted back from the newest point that counts; null keeps all WAL.</summary>
    public Timestamp? WalBegin { get; init; }

    /// <summary>Archives of messages from before this go; null keeps all of them.</summary>
    public Timestamp? MessagesBegin { get; init; }

    /// <summary>The points that go, oldest first.</summary>
    public IReadOnlyList<Snapshot> Removed =>
        [.. Decisions.Where(decision => !decision.Stays).Select(decision => decision.Point)];

    /// <summary>How many stay.</summary>
    public int Kept => Decisions.Count(decision => decision.Stays);

    /// <param name="isMore">Something else than points would go for their sake.</param>
    /// <exception cref="ProblemException">The first refusal, when there is one and something would go.</exception>
    public void RefuseUnlessSafe(bool isMore = false)
    {
        var isAny = isMore || Decisions.Any(decision => !decision.Stays);
        if (Refusals.Count > 0 && isAny) throw new ProblemException(Refusals[0]);
    }
}
