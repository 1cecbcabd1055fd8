using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Planning;

/// <summary>What a running step may say and owe. Its methods may be called from several threads.</summary>
public abstract class StepContext
{
    public abstract string RunId { get; }
    public virtual StepCounters Counters { get; } = new();

    /// <summary>All warnings of the run so far.</summary>
    public virtual IReadOnlyList<Problem> RunWarnings => [];

    /// <summary>Something a person should know, which does not stop the run; it ends up in the manifest and the summary.</summary>
    public abstract void Warn(Problem problem);

    /// <summary>A line for the log: what was done.</summary>
    public abstract void Note(string text);

    /// <summary>The step has made a recovery point, by its id.</summary>
    public virtual void Made(string point) => Note(PointMade.Describe(point));

    /// <summary>Puts an undo on disk, fsynced, before the thing that it undoes is done. It is owed until it is settled or the run succeeds.</summary>
    public abstract Task OweAsync(Undo undo, CancellationToken cancellation);

    /// <summary>The undo is no longer owed: what it would take back is complete.</summary>
    public abstract Task SettleAsync(Undo undo, CancellationToken cancellation);
}
