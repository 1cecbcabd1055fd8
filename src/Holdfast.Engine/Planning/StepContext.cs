using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Planning;

/// <summary>What a running step can report and register. Its methods may be called from several threads.</summary>
public abstract class StepContext
{
    public abstract string RunId { get; }
    public virtual StepCounters Counters { get; } = new();

    /// <summary>All warnings of the run so far.</summary>
    public virtual IReadOnlyList<Problem> RunWarnings => [];

    /// <summary>
    /// Reports a warning, which does not stop the run; it is recorded in the manifest and the summary.
    /// </summary>
    public abstract void Warn(Problem problem);

    /// <summary>Adds a line to the log: what was done.</summary>
    public abstract void Note(string text);

    /// <summary>Records that the step has made a recovery point, given by its id.</summary>
    public virtual void Made(string point) => Note(PointMade.Describe(point));

    /// <summary>
    /// Registers an undo, fsynced to disk, before the change that it rolls back. It is pending until it is completed or
    /// the run succeeds.
    /// </summary>
    public abstract Task OweAsync(Undo undo, CancellationToken cancellation);

    /// <summary>
    /// Completes an undo, which is then no longer pending: the change that it would roll back is final.
    /// </summary>
    public abstract Task SettleAsync(Undo undo, CancellationToken cancellation);
}
