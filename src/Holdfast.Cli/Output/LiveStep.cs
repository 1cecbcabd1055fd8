using Holdfast.Cli.Output.Events;

namespace Holdfast.Cli.Output;

/// <summary>
/// Runs one long operation that is not part of an engine's run, and reports its progress ten times a second.
/// </summary>
internal static class LiveStep
{
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(100);

    /// <param name="output">Receives the progress.</param>
    /// <param name="clock">Measures the time.</param>
    /// <param name="name">The name that is displayed.</param>
    /// <param name="act">The operation.</param>
    /// <param name="sample">Returns bytes done and in total, items done and in total; 0 for an unknown figure.</param>
    public static async Task<T> RunAsync<T>(IOutput output, TimeProvider clock, string name, Func<Task<T>> act, Func<(long BytesDone, long BytesTotal, long ItemsDone, long ItemsTotal)> sample)
    {
        var meter = new StepMeter(name, clock);
        output.Report(new StepStartedEvent(name, 1, 1, null));
        var outcome = StepOutcome.Failed;
        try
        {
            var acting = Task.Run(act);
            using var ticks = new PeriodicTimer(BetweenSamples, clock);
            while (!acting.IsCompleted && await Task.WhenAny(acting, ticks.WaitForNextTickAsync().AsTask()) != acting) Report();
            var result = await acting;
            outcome = StepOutcome.Done;
            return result;
        }
        finally
        {
            var (bytes, _, items, _) = sample();
            output.Report(meter.End(outcome, bytes, items));
        }

        void Report()
        {
            var (bytesDone, bytesTotal, itemsDone, itemsTotal) = sample();
            output.Report(meter.Sample(bytesDone, bytesTotal, itemsDone, itemsTotal));
        }
    }
}
