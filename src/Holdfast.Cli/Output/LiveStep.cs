using Holdfast.Cli.Output.Events;

namespace Holdfast.Cli.Output;

/// <summary>Runs one long thing that is not part of an engine's run, and tells how far it is ten times a second.</summary>
internal static class LiveStep
{
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(100);

    /// <param name="output">Where it is told.</param>
    /// <param name="clock">Measures the time.</param>
    /// <param name="name">What a person reads.</param>
    /// <param name="act">What is done.</param>
    /// <param name="sample">How far it is: bytes done and in all, items done and in all; 0 for what is not known.</param>
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
