using Holdfast.Cli.Output.Events;

namespace Holdfast.Cli.Output;

/// <summary>
/// Converts the sampled figures of one step into what is printed: totals where known, rate and time left.
/// </summary>
internal sealed class StepMeter(string step, TimeProvider clock)
{
    private readonly RateMeter _bytes = new(clock);
    private readonly long _began = clock.GetTimestamp();

    public StepProgressEvent Sample(long bytesDone, long bytesTotal, long itemsDone, long itemsTotal)
    {
        _bytes.Add(bytesDone);
        var rate = _bytes.PerSecond;
        return new StepProgressEvent(step, bytesDone, Known(bytesTotal), itemsDone, Known(itemsTotal))
        {
            BytesPerSecond = rate > 0 ? rate : null,
            SecondsLeft = _bytes.Left(bytesDone, bytesTotal)?.TotalSeconds,
        };
    }

    public StepFinishedEvent End(StepOutcome outcome, long bytes, long items) =>
        new(step, outcome, bytes, items, clock.GetElapsedTime(_began).TotalSeconds);

    private static long? Known(long total) => total > 0 ? total : null;
}
