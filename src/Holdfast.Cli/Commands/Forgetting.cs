using Holdfast.Cli.Output.Events;
using Holdfast.Components.Postgres.Retention;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Retention;
using Holdfast.Engine.Running;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>One removal of recovery points, and of the WAL that none of those left needs.</summary>
/// <param name="run">Prepared.</param>
/// <param name="platform">Whose they are.</param>
/// <param name="decide">Decides about all points of the platform.</param>
internal sealed class Forgetting(
    RepositoryRun run, string platform, Func<IReadOnlyList<Snapshot>, ForgetPlan> decide)
{
    private readonly PointRemoval _points = new(run.Repository, platform, decide);
    private readonly WalRetention _wal = new(run.Repository, platform);

    /// <summary>What becomes of the points; set by <see cref="PlanAsync"/>, as all that follows.</summary>
    public ForgetPlan Points { get; private set; } = new([], []);

    /// <summary>What becomes of the WAL of each cluster.</summary>
    public IReadOnlyList<WalRetentionStatus> Wal { get; private set; } = [];

    public int WalFiles => Wal.Sum(cluster => cluster.Removed);

    public bool Removes => Points.Removed.Count > 0 || WalFiles > 0;

    /// <summary>Points that were removed.</summary>
    public int Removed => _points.Removed.Count;

    public async Task PlanAsync(CancellationToken cancellation)
    {
        Points = await _points.PlanAsync(cancellation);
        Wal = await _wal.PlanAsync(Points, cancellation);
    }

    public void RefuseUnlessSafe() => Points.RefuseUnlessSafe(WalFiles > 0);

    public Task<RunOutcome> RunAsync(string verb, CancellationToken cancellation) => run.RunAsync(
        verb, _ => Task.FromResult(Steps), reads: false, cancellation);

    public ForgetFinishedEvent Finished(int removed) =>
        ForgetFinishedEvent.Of(platform, Points, removed, _points.Others);

    private IReadOnlyList<Step> Steps => [.. _points.Steps(Points), .. _wal.Steps(_points.PlanAsync)];
}
