namespace Holdfast.Components.Queues.Brokers;

/// <summary>The numbers of messages of a queue.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Waiting">By priority, in the list's order; one entry for a plain list.</param>
/// <param name="Prefetched">Taken by a worker and not acknowledged: waiting in its memory or, with late acknowledgement, running.</param>
/// <param name="Scheduled">Taken by a worker, to be run at a later time (ETA, countdown).</param>
public sealed record QueueStatus(QueueName Queue, IReadOnlyList<(int Priority, long Count)> Waiting, long Prefetched, long Scheduled)
{
    /// <summary>False for what a backup does not wait for.</summary>
    public bool IsDrained { get; init; } = true;

    public long Messages => Waiting.Sum(bucket => bucket.Count);

    public bool IsEmpty => Messages + Prefetched + Scheduled == 0;
}
