using Holdfast.Components.Queues.Redis;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>The reasons for which a wait for an idle broker ends.</summary>
public enum IdleEnd
{
    /// <summary>The broker was idle, twice in a row.</summary>
    Idle,

    /// <summary>Nothing is left but what is due at a later time: a worker that is stopped puts it back.</summary>
    OnlyScheduled,

    /// <summary>Something is left, and no worker is there to do it.</summary>
    NoWorkers,

    /// <summary>Something is left, nothing runs, and nothing has moved for the stall timeout.</summary>
    Stalled,

    /// <summary>The deadline has passed.</summary>
    Late,
}

/// <summary>The end of a wait, with the last status.</summary>
public sealed record IdleOutcome(IdleEnd End, BrokerStatus Last);

/// <summary>Waits until a broker is idle.</summary>
internal sealed class IdleWatch(RedisConnector connector, QueueReader reader, QueuesSettings settings, TimeProvider clock)
{
    /// <param name="timeout">How long to wait at most; one look is always taken.</param>
    /// <param name="stall">How long nothing may move; for ever with <paramref name="isHopeful"/>.</param>
    /// <param name="isHopeful">True waits to the end even when nothing is there to work: a worker may come.</param>
    /// <param name="seen">Called with every look.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<IdleOutcome> WaitAsync(TimeSpan timeout, TimeSpan stall, bool isHopeful, Action<BrokerStatus> seen, CancellationToken cancellation)
    {
        var until = clock.GetUtcNow() + timeout;
        await using var redis = await connector.OpenAsync(cancellation);
        var judge = new IdleJudge(isHopeful, stall);
        while (true)
        {
            var status = await reader.ReadAsync(redis, cancellation);
            seen(status);
            if (judge.See(status, clock.GetUtcNow(), until) is { } end) return new IdleOutcome(end, status);
            await Task.Delay(settings.Pause, clock, cancellation);
        }
    }
}
