using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Running;

/// <summary>A step while it acts.</summary>
internal sealed class RunningStep(string run, int number, RunLog log, OwedUndos owed) : StepContext
{
    public override string RunId => run;

    public override IReadOnlyList<Problem> RunWarnings => log.Warnings;

    public override void Warn(Problem problem) => log.Append(new Warned(number, problem));

    public override void Note(string text) => log.Append(new Noted(number, text));

    public override Task OweAsync(Undo undo, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        owed.Owe(number, undo);
        return Task.CompletedTask;
    }

    public override Task SettleAsync(Undo undo, CancellationToken cancellation)
    {
        // Not cancelled: what is complete must not be taken back because somebody pressed ctrl-c a moment later.
        owed.Settle(undo);
        return Task.CompletedTask;
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
