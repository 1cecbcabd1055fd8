using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Running;

/// <summary>Figures of a step, bumped by hot loops (Interlocked) and sampled by a ticker. Totals are 0 while unknown.</summary>
public sealed class StepCounters
{
    public long BytesTotal;
    public long BytesDone;
    public long ItemsTotal;
    public long ItemsDone;

    /// <summary>Called before each sampling, for steps whose figures are counted elsewhere: it copies them here.</summary>
    public Action<StepCounters>? Refresh { get; set; }
}

/// <summary>What a running step may say and owe. Its methods may be called from several threads.</summary>
public abstract class StepContext
{
    public abstract string RunId { get; }
    public StepCounters Counters { get; } = new();

    /// <summary>All warnings of the run so far.</summary>
    public virtual IReadOnlyList<Problem> RunWarnings => [];

    /// <summary>Something a person should know, which does not stop the run; it ends up in the manifest and the summary.</summary>
    public abstract void Warn(Problem problem);

    /// <summary>A line for the log: what was done.</summary>
    public abstract void Note(string text);

    /// <summary>Puts an undo on disk, fsynced, before the thing that it undoes is done. It is owed until it is settled or the run succeeds.</summary>
    public abstract Task OweAsync(Undo undo, CancellationToken cancellation);

    /// <summary>The undo is no longer owed: what it would take back is complete.</summary>
    public abstract Task SettleAsync(Undo undo, CancellationToken cancellation);
}

/// <summary>Does the undos of one kind. It must be idempotent: after a crash in the middle it is called again.</summary>
public interface IUndoHandler
{
    string Kind { get; }

    Task UndoAsync(Undo undo, CancellationToken cancellation);
}
