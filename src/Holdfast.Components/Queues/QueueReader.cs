using System.Globalization;

namespace Holdfast.Components.Queues;

/// <summary>Counts what is in the queues of a broker.</summary>
internal sealed class QueueReader(QueuesSettings settings, QueueKeys keys, TimeProvider clock)
{
    /// <summary>All queues and lists of the profile, in its order.</summary>
    public IReadOnlyList<QueueName> Names { get; } =
        [.. settings.Queues.Select(name => new QueueName(name, false)), .. settings.Lists.Select(name => new QueueName(name, true))];

    /// <summary>The queues first, the workers last: what leaves a queue meanwhile is found with a worker.</summary>
    public async Task<BrokerStatus> ReadAsync(RedisConnection redis, CancellationToken cancellation)
    {
        var waiting = new List<(QueueName Queue, IReadOnlyList<(int, long)> Counts)>();
        foreach (var name in Names) waiting.Add((name, await CountAsync(redis, name, cancellation)));
        var unacked = await new UnackedReader(redis, keys, settings).ListAsync(keys.Unacked, keys.UnackedIndex, cancellation);
        var workers = settings.Queues.Count == 0 ? WorkersStatus.None : await new Pidbox(redis, settings, keys, clock).AskAsync(cancellation);
        var queues = waiting.Select(queue => Status(queue.Queue, queue.Counts, unacked)).ToList();
        var elsewhere = unacked.Count - queues.Sum(queue => queue.Prefetched + queue.Scheduled);
        return new BrokerStatus(settings.Name, queues, workers, settings.Queues.Count == 0 ? 0 : elsewhere, Due(unacked));
    }

    private async Task<IReadOnlyList<(int Priority, long Count)>> CountAsync(RedisConnection redis, QueueName queue, CancellationToken cancellation)
    {
        var counts = new List<(int, long)>();
        foreach (var (priority, key) in keys.Of(queue)) counts.Add((priority, (await redis.CallAsync(cancellation, "LLEN", key)).Integer));
        return counts;
    }

    private static QueueStatus Status(QueueName queue, IReadOnlyList<(int, long)> counts, IReadOnlyList<UnackedEntry> unacked)
    {
        var mine = queue.IsList ? [] : unacked.Where(entry => entry.Queue == queue.Name).ToList();
        var scheduled = mine.Count(entry => entry.IsEta);
        return new QueueStatus(queue, counts, mine.Count - scheduled, scheduled);
    }

    private static IReadOnlyList<DateTimeOffset> Due(IReadOnlyList<UnackedEntry> unacked) =>
    [
        .. unacked.Select(entry => DateTimeOffset.TryParse(entry.Eta, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var eta) ? eta : (DateTimeOffset?)null)
            .OfType<DateTimeOffset>().Order(),
    ];
}
