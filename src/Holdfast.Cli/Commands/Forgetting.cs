using Holdfast.Cli.Output.Events;
using Holdfast.Components.Postgres.Retention;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Retention;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>One removal of recovery points, of the WAL that none of those left needs, and of old archives of messages.</summary>
/// <param name="run">Prepared.</param>
/// <param name="platform">Whose they are.</param>
/// <param name="decide">Decides about all points of the platform.</param>
internal sealed class Forgetting(
    RepositoryRun run, string platform, Func<IReadOnlyList<Snapshot>, ForgetPlan> decide) : IDisposable
{
    private readonly PointRemoval _points = new(run.Repository, platform, decide);
    private readonly WalRetention _wal = new(run.Repository, platform);
    private readonly MessageRemoval _messages = new(run.Repository, platform);

    /// <summary>
    /// The points that are removed and kept; set by <see cref="PlanAsync"/>, as the following properties.
    /// </summary>
    public ForgetPlan Points { get; private set; } = new([], []);

    /// <summary>The retention of the WAL of each cluster; set by <see cref="DescribeAsync"/>.</summary>
    public IReadOnlyList<WalRetentionStatus> Wal { get; private set; } = [];

    public int WalFiles => _wal.Removed;

    /// <summary>Archives of messages that go by the last plan.</summary>
    public int Archives => _messages.Going.Count;

    public bool Removes => Points.Removed.Count > 0 || WalFiles > 0 || Archives > 0;

    public async Task PlanAsync(CancellationToken cancellation)
    {
        Points = await _points.PlanAsync(cancellation);
        await _wal.PlanAsync(Points, cancellation);
        await _messages.PlanAsync(Points, cancellation);
    }

    /// <summary>Determines the first and the last instant that can be restored, for which WAL is read.</summary>
    /// <param name="onlyRemovals">Reads only the WAL of clusters of which WAL is removed.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public async Task DescribeAsync(bool onlyRemovals, CancellationToken cancellation) =>
        Wal = await _wal.DescribeAsync(onlyRemovals, cancellation);

    public void RefuseUnlessSafe() => Points.RefuseUnlessSafe(WalFiles > 0 || Archives > 0);

    public Task<RunOutcome> RunAsync(string verb, CancellationToken cancellation) => run.RunAsync(
        verb, _ => Task.FromResult(Steps), reads: false, cancellation);

    /// <summary>The summary of what was removed, or would be.</summary>
    public ForgetFinishedEvent Finished(bool planned)
    {
        var (points, archives) = planned ? (Points.Removed.Count, Archives) : (_points.Removed.Count, _messages.Removed);
        return new(platform, points, Points.Decisions.Count - points, archives, _messages.Kept) { Planned = planned };
    }

    public void Dispose() => _wal.Dispose();

    private IReadOnlyList<Step> Steps =>
        [.. _points.Steps(Points), .. _wal.Steps(_points.PlanAsync), .. _messages.Steps(_points.PlanAsync)];
}
