using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Restores the databases of a cluster, one after the other. A failure of one database alone is rolled back and
/// reported, and the others are restored: what runs while a database is loaded was written by its owner. The run fails
/// only when no database could be restored.
/// </summary>
/// <param name="connector">The cluster.</param>
/// <param name="source">The recovery point.</param>
/// <param name="session">The restore.</param>
/// <param name="undos">Drops a database whose restore was started.</param>
/// <param name="clock">Measures the time of loading.</param>
/// <param name="count">The number of databases.</param>
internal sealed class DatabaseRestores(
    PostgresConnector connector, DumpSource source, RestoreSession session, PostgresUndos undos, TimeProvider clock, int count)
{
    private readonly List<ProblemException> _failed = [];

    /// <summary>Restores one database; steps run one after the other.</summary>
    /// <exception cref="ProblemException">
    /// The failure is not limited to the database, or all databases have failed.
    /// </exception>
    public async Task RunAsync(DatabaseContents contents, StepContext context, CancellationToken cancellation)
    {
        var tracked = new TrackedContext(context);
        try
        {
            var restore = new DatabaseRestore(connector, source, session, undos, tracked, clock);
            await restore.RunAsync(contents, cancellation);
        }
        catch (Exception failure) when (DatabaseFailure.MayBe(failure) && !cancellation.IsCancellationRequested)
        {
            var problem = DatabaseFailure.ProblemOf(failure, $"Database \"{contents.Name}\" could not be restored");
            _failed.Add(new ProblemException(problem, failure));
            if (_failed.Count == count) throw _failed[0];
            if (!await TryTakeBackAsync(tracked, cancellation)) throw _failed[^1];
            context.Warn(Catalogue.PostgresNotRestored.With(
                $"The database \"{contents.Name}\" is not restored: {problem.Message}", problem.Hint));
        }
    }

    /// <summary>
    /// Rolls back what was started, which also shows that the server answers. When this fails, the run ends and tries
    /// again.
    /// </summary>
    private async Task<bool> TryTakeBackAsync(TrackedContext tracked, CancellationToken cancellation)
    {
        try
        {
            foreach (var undo in tracked.Owed)
            {
                await undos.UndoAsync(undo);
                await tracked.SettleAsync(undo, cancellation);
            }
            return await DatabaseFailure.AnswersAsync(connector, cancellation);
        }
        catch (Exception failure) when (failure is ProblemException or OperationCanceledException)
        {
            return false;
        }
    }
}
