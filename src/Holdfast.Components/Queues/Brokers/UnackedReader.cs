using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>Reads what workers have taken and not acknowledged, a page at a time.</summary>
internal sealed class UnackedReader(RedisConnection redis, QueueKeys keys, QueuesSettings settings)
{
    /// <summary>Entries a call of HSCAN and of ZRANGE. Redis holds a whole reply in its buffer, and values may be large.</summary>
    private const int Page = 16, Times = 1000;

    /// <summary>Values that are asked for at once, in bytes; 4 MiB.</summary>
    private const int PageBytes = 4 << 20;

    /// <summary>
    /// The highest number of entries that are held in memory: the server that answers need not be Redis.
    /// </summary>
    private const int Most = 1_000_000;

    private readonly Dictionary<string, IReadOnlyList<(string RoutingKey, string Queue)>> _bindings = new(StringComparer.Ordinal);

    /// <summary>All entries of a hash, the latest taken first; their values stay where they are.</summary>
    public async Task<IReadOnlyList<UnackedEntry>> ListAsync(string hash, string index, CancellationToken cancellation)
    {
        var taken = await ReadTimesAsync(index, cancellation);
        var entries = new Dictionary<string, UnackedEntry>(StringComparer.Ordinal); // HSCAN may show an entry twice
        await foreach (var (tag, value) in ScanAsync(hash, cancellation))
        {
            var name = Convert.ToHexString(tag);
            entries[name] = Describe(tag, value, taken.GetValueOrDefault(name));
            if (entries.Count > Most) throw TooMany(hash);
        }
        foreach (var (name, entry) in entries.ToList())
            if (entry is { Queue: null, Exchange: { } exchange }) entries[name] = entry with { Queue = await FindQueueAsync(exchange, entry.RoutingKey ?? "", cancellation) };
        return [.. entries.Values.OrderByDescending(entry => entry.Taken)];
    }

    /// <summary>Entries with their values, in the same order; a value that was acknowledged meanwhile is null.</summary>
    public async IAsyncEnumerable<(UnackedEntry Entry, byte[]? Value)> ReadValuesAsync(string hash, IReadOnlyList<UnackedEntry> entries, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var page in Pages(entries))
        {
            var at = 0;
            await foreach (var value in redis.StreamAsync(ReplyBudget.Values(page.Count), ["HMGET", hash, .. page.Select(entry => (RedisWord)entry.Tag)], cancellation))
                yield return (page[at++], value);
        }
    }

    /// <summary>Entries in groups whose values are not larger than a page together, or a single one.</summary>
    public static IEnumerable<IReadOnlyList<UnackedEntry>> Pages(IReadOnlyList<UnackedEntry> entries)
    {
        var (page, bytes) = (new List<UnackedEntry>(), 0L);
        foreach (var entry in entries)
        {
            if (page.Count > 0 && (bytes + entry.Size > PageBytes || page.Count == Times))
            {
                yield return page;
                (page, bytes) = ([], 0);
            }
            page.Add(entry);
            bytes += entry.Size;
        }
        if (page.Count > 0) yield return page;
    }

    /// <summary>Fields and values. The connection is busy until the last one was taken.</summary>
    public async IAsyncEnumerable<(byte[] Tag, byte[] Value)> ScanAsync(string hash, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var cursor = "0";
        var pass = redis.BeginPass("HSCAN");
        do
        {
            pass();
            string? next = null;
            byte[]? tag = null;
            await foreach (var text in redis.StreamAsync(ReplyBudget.Values(2 * Most), ["HSCAN", hash, cursor, "COUNT", Page], cancellation))
            {
                if (text is null) throw RedisProblem.Strange("HSCAN", redis.Place);
                if (next is null) next = Encoding.UTF8.GetString(text);
                else if (tag is null) tag = text;
                else
                {
                    pass();
                    yield return (tag, text);
                    tag = null;
                }
            }
            cursor = next ?? throw RedisProblem.Strange("HSCAN", redis.Place);
        }
        while (cursor != "0");
    }

    private async Task<Dictionary<string, double>> ReadTimesAsync(string index, CancellationToken cancellation)
    {
        var times = new Dictionary<string, double>(StringComparer.Ordinal);
        var pass = redis.BeginPass("ZRANGE");
        for (var from = 0; ; from += Times)
        {
            pass();
            var items = (await redis.CallAsync(ReplyBudget.Names, cancellation, "ZRANGE", index, from, from + Times - 1, "WITHSCORES")).Items;
            for (var i = 0; i + 1 < items.Count; i += 2)
                if (items[i].Bytes is { } tag && double.TryParse(items[i + 1].Text, CultureInfo.InvariantCulture, out var taken)) times[Convert.ToHexString(tag)] = taken;
            if (from > Most) throw TooMany(index); // whatever names it repeats
            if (items.Count < 2 * Times) return times;
        }
    }

    private ProblemException TooMany(string key) =>
        Catalogue.QueueRefused.Throwable($"'{key}' on {redis.Place} has more than {Most} entries, which is more than can be held in memory.", "Look at the key with HLEN and ZCARD in redis-cli: another program may use it.");

    private static UnackedEntry Describe(byte[] tag, byte[] value, double taken) => UnackedMessage.Read(value) is { } unacked
        ? new UnackedEntry(tag, null, taken, value.Length, CeleryMessage.Read(unacked.Message).Eta) { Exchange = unacked.Exchange, RoutingKey = unacked.RoutingKey }
        : new UnackedEntry(tag, null, taken, value.Length, null);

    /// <summary>
    /// Finds the queue as kombu does: without an exchange the routing key is the queue's name, otherwise the bindings
    /// determine it.
    /// </summary>
    private async Task<string?> FindQueueAsync(string exchange, string routingKey, CancellationToken cancellation)
    {
        if (exchange.Length == 0) return routingKey.Length == 0 ? null : routingKey;
        var bound = await BindingsAsync(exchange, cancellation);
        var fitting = bound.Where(binding => binding.RoutingKey == routingKey).ToList();
        if (fitting.Count == 0 && bound.Count == 1) fitting = [.. bound];
        if (fitting.Count == 0) return settings.Queues.Contains(routingKey, StringComparer.Ordinal) ? routingKey : null;
        var listed = fitting.FindIndex(binding => settings.Queues.Contains(binding.Queue, StringComparer.Ordinal));
        return fitting[Math.Max(0, listed)].Queue;
    }

    /// <summary>A member of the set is "routing key SEP pattern SEP queue".</summary>
    private async Task<IReadOnlyList<(string RoutingKey, string Queue)>> BindingsAsync(string exchange, CancellationToken cancellation)
    {
        if (_bindings.TryGetValue(exchange, out var known)) return known;
        var members = await redis.CallAsync(ReplyBudget.Names, cancellation, "SMEMBERS", keys.Binding(exchange));
        return _bindings[exchange] =
        [
            .. members.Items.Select(member => member.Text.Split(settings.Separator))
                .Where(parts => parts.Length == 3).Select(parts => (parts[0], parts[2])),
        ];
    }
}
