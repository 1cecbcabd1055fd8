using System.Globalization;
using System.Text;
using Holdfast.Components.Queues.Redis;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>Counts what is in the queues of a broker.</summary>
internal sealed class QueueReader(QueuesSettings settings, QueueKeys keys, TimeProvider clock)
{
    /// <summary>The time for which the lists that match a pattern are cached: finding them scans every key.</summary>
    private static readonly TimeSpan _known = TimeSpan.FromSeconds(2);

    private IReadOnlyList<QueueName> _names = [];
    private DateTimeOffset _found = DateTimeOffset.MinValue;

    /// <summary>All queues and lists of the profile, in its order; patterns become the lists that fit and are there.</summary>
    public async Task<IReadOnlyList<QueueName>> NamesAsync(RedisConnection redis, CancellationToken cancellation)
    {
        if (settings.Lists.Any(RedisGlob.IsPattern) && clock.GetUtcNow() < _found + _known) return _names;
        var names = new List<QueueName>(settings.Queues.Select(name => new QueueName(name, false)));
        foreach (var list in settings.Lists) names.AddRange((await FindAsync(redis, list, cancellation)).Except(names));
        (_names, _found) = (names, clock.GetUtcNow());
        return names;
    }

    /// <summary>Whether the profile means a queue or list of this name.</summary>
    public bool Knows(string name) =>
        settings.Queues.Contains(name, StringComparer.Ordinal) || settings.Lists.Any(list => RedisGlob.Fits(Encoding.UTF8.GetBytes(list), Encoding.UTF8.GetBytes(name)));

    /// <summary>Whether a backup waits for it.</summary>
    private bool IsDrained(QueueName queue)
    {
        if (settings.Undrained.Count == 0) return true;
        if (!queue.IsList) return !settings.Undrained.Contains(queue.Name);
        var name = Encoding.UTF8.GetBytes(queue.Name);
        return !settings.Undrained.Any(list => settings.Lists.Contains(list, StringComparer.Ordinal) && RedisGlob.Fits(Encoding.UTF8.GetBytes(list), name));
    }

    /// <summary>
    /// The lists of one item of the profile. A name matches itself, whether the key exists or not; of the keys that
    /// match a pattern only lists are used, and none of Holdfast's or Celery's own keys.
    /// </summary>
    private async Task<IReadOnlyList<QueueName>> FindAsync(RedisConnection redis, string list, CancellationToken cancellation)
    {
        if (!RedisGlob.IsPattern(list)) return [new QueueName(RedisGlob.Literal(list), true)];
        var scan = new KeyScan(redis);
        var found = await scan.DescribeAsync([.. (await scan.FindAsync(RedisGlob.Escape(settings.KeyPrefix) + list, cancellation)).Where(name => !keys.IsBookkeeping(name))], cancellation);
        var buckets = settings.Queues.SelectMany(keys.Buckets).Select(bucket => bucket.Key).ToHashSet(StringComparer.Ordinal);
        return [.. found.Where(key => key is { Type: "list", Text: { } text } && !buckets.Contains(text)).Select(key => new QueueName(key.Text![settings.KeyPrefix.Length..], true))];
    }

    /// <summary>The queues first, the workers last: what leaves a queue meanwhile is found with a worker.</summary>
    public async Task<BrokerStatus> ReadAsync(RedisConnection redis, CancellationToken cancellation)
    {
        var waiting = new List<(QueueName Queue, IReadOnlyList<(int, long)> Counts)>();
        foreach (var name in await NamesAsync(redis, cancellation)) waiting.Add((name, await CountAsync(redis, name, cancellation)));
        var unacked = settings.Queues.Count == 0 ? [] : await new UnackedReader(redis, keys, settings).ListAsync(keys.Unacked, keys.UnackedIndex, cancellation);
        var workers = settings.Queues.Count == 0 ? WorkersStatus.None : await new Pidbox(redis, settings, keys, clock).AskAsync(cancellation);
        var queues = waiting.Select(queue => Status(queue.Queue, queue.Counts, unacked) with { IsDrained = IsDrained(queue.Queue) }).ToList();
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
