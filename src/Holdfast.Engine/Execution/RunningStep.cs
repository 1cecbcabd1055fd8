using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>The context of a step while it acts.</summary>
internal sealed class RunningStep(string run, int number, RunLog log, PendingUndos owed) : StepContext
{
    private volatile bool _isAbandoned;

    public override string RunId => run;

    public override IReadOnlyList<Problem> RunWarnings => log.Warnings;

    public override void Warn(Problem problem)
    {
        RefuseAbandoned();
        log.Append(new Warned(number, problem));
    }

    public override void Note(string text)
    {
        RefuseAbandoned();
        log.Append(new Noted(number, text));
    }

    public override void Made(string point)
    {
        RefuseAbandoned();
        log.Append(new PointMade(number, point));
    }

    public override Task OweAsync(Undo undo, CancellationToken cancellation)
    {
        RefuseAbandoned();
        cancellation.ThrowIfCancellationRequested();
        owed.Owe(number, undo);
        return Task.CompletedTask;
    }

    public override Task SettleAsync(Undo undo, CancellationToken cancellation)
    {
        // Not cancelled: completed work must not be rolled back because ctrl-c was pressed a moment later.
        RefuseAbandoned();
        owed.Settle(undo);
        return Task.CompletedTask;
    }

    /// <summary>
    /// The run continues without this step: everything it does from now on is refused, so that it changes nothing that
    /// is being rolled back.
    /// </summary>
    public void Abandon(Problem warning)
    {
        _isAbandoned = true;
        log.AppendIfPossible(new Warned(number, warning));
    }

    private void RefuseAbandoned()
    {
        if (_isAbandoned) throw new AbandonedException();
    }

    public StepProgress Progress()
    {
        Counters.Refresh?.Invoke(Counters);
        return new StepProgress(
            number,
            Interlocked.Read(ref Counters.BytesDone), Interlocked.Read(ref Counters.BytesTotal),
            Interlocked.Read(ref Counters.ItemsDone), Interlocked.Read(ref Counters.ItemsTotal));
    }
}
