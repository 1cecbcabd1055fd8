namespace Holdfast.Components.Queues;

/// <summary>How waiting for idleness ended.</summary>
public enum IdleEnd
{
    /// <summary>Idle, twice in a row.</summary>
    Idle,

    /// <summary>Nothing is left but what is due at a later time: a worker that is stopped puts it back.</summary>
    OnlyScheduled,

    /// <summary>Something is left, and no worker is there to do it.</summary>
    NoWorkers,

    /// <summary>The deadline has passed.</summary>
    Late,
}

/// <summary>How waiting ended, and what was seen last.</summary>
public sealed record IdleOutcome(IdleEnd End, BrokerStatus Last);

/// <summary>
/// Waits until a broker is idle. It must be seen so twice, a pause apart: on its way from a list to a worker a message is in
/// no key for about a millisecond.
/// </summary>
internal sealed class IdleWatch(RedisConnector connector, QueueReader reader, TimeSpan pause, TimeProvider clock)
{
    private const int Twice = 2;

    /// <param name="timeout">How long to wait at most; one look is always taken.</param>
    /// <param name="isHopeful">True waits to the end even when nobody is there to work: somebody may come.</param>
    /// <param name="seen">Told of every look.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<IdleOutcome> WaitAsync(TimeSpan timeout, bool isHopeful, Action<BrokerStatus> seen, CancellationToken cancellation)
    {
        var until = clock.GetUtcNow() + timeout;
        await using var redis = await connector.OpenAsync(cancellation);
        var (last, times) = (IdleEnd.Late, 0);
        while (true)
        {
            var status = await reader.ReadAsync(redis, cancellation);
            seen(status);
            var end = Judge(status, isHopeful);
            (last, times) = (end, end == last ? times + 1 : 1);
            if (end != IdleEnd.Late && times >= Twice) return new IdleOutcome(end, status);
            // What looks settled is worth a second look, even when the time is over.
            if (clock.GetUtcNow() >= until && (end == IdleEnd.Late || times >= Twice)) return new IdleOutcome(IdleEnd.Late, status);
            await Task.Delay(pause, clock, cancellation);
        }
    }

    private static IdleEnd Judge(BrokerStatus status, bool isHopeful)
    {
        if (status.IsIdle) return IdleEnd.Idle;
        if (isHopeful) return IdleEnd.Late;
        if (status.HasOnlyScheduled) return IdleEnd.OnlyScheduled;
        return status.Workers.Listening == 0 && status.Queues.All(queue => !queue.Queue.IsList || queue.IsEmpty) ? IdleEnd.NoWorkers : IdleEnd.Late;
    }
}
