using Holdfast.Restic.Restoring;

namespace Holdfast.Engine.Planning;

/// <summary>
/// Counters of a step, incremented by hot loops (Interlocked) and sampled by a ticker. Totals are 0 while unknown.
/// </summary>
public sealed class StepCounters
{
    public long BytesTotal;
    public long BytesDone;
    public long ItemsTotal;
    public long ItemsDone;

    /// <summary>
    /// Called before each sampling, for steps whose values are counted elsewhere: it copies them here.
    /// </summary>
    public Action<StepCounters>? Refresh { get; set; }

    /// <summary>Takes the figures of a restore of files: items are files, without directories and links.</summary>
    public void Follow(RestoreCounters counters) => Refresh = shown =>
    {
        Interlocked.Exchange(ref shown.ItemsTotal, Interlocked.Read(ref counters.FilesTotal));
        Interlocked.Exchange(ref shown.ItemsDone, Interlocked.Read(ref counters.FilesDone));
        Interlocked.Exchange(ref shown.BytesTotal, Interlocked.Read(ref counters.BytesTotal));
        Interlocked.Exchange(ref shown.BytesDone, Interlocked.Read(ref counters.BytesWritten));
    };
}
