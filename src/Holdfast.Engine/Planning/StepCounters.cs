namespace Holdfast.Engine.Planning;

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
