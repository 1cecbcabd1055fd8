using System.Globalization;
using System.Text;

namespace Holdfast.Components.Queues;

/// <summary>Reads what workers have taken and not acknowledged, a page at a time.</summary>
internal sealed class UnackedReader(RedisConnection redis, QueueKeys keys, QueuesSettings settings)
{
    /// <summary>Entries a call; their values may be large.</summary>
    private const int Page = 100;

    private readonly Dictionary<string, IReadOnlyList<(string RoutingKey, string Queue)>> _bindings = new(StringComparer.Ordinal);

    /// <summary>All entries of a hash, the latest taken first; their values stay where they are.</summary>
    public async Task<IReadOnlyList<UnackedEntry>> ListAsync(string hash, string index, CancellationToken cancellation)
    {
        var taken = await ReadTimesAsync(index, cancellation);
        var entries = new Dictionary<string, UnackedEntry>(StringComparer.Ordinal); // HSCAN may show an entry twice
        await foreach (var (tag, value) in ScanAsync(hash, cancellation))
        {
            var name = Convert.ToHexString(tag);
            entries[name] = await DescribeAsync(tag, value, taken.GetValueOrDefault(name), cancellation);
        }
        return [.. entries.Values.OrderByDescending(entry => entry.Taken)];
    }

    /// <summary>The values of entries, in the same order; one that was acknowledged meanwhile is null.</summary>
    public async Task<IReadOnlyList<byte[]?>> ReadValuesAsync(string hash, IReadOnlyList<UnackedEntry> entries, CancellationToken cancellation)
    {
        if (entries.Count == 0) return [];
        var values = await redis.CallAsync(cancellation, ["HMGET", hash, .. entries.Select(entry => (RedisWord)entry.Tag)]);
        return [.. values.Items.Select(value => value.Bytes)];
    }

    /// <summary>Fields and values.</summary>
    public async IAsyncEnumerable<(byte[] Tag, byte[] Value)> ScanAsync(string hash, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var cursor = "0";
        do
        {
            var reply = await redis.CallAsync(cancellation, "HSCAN", hash, cursor, "COUNT", Page);
            cursor = reply.Items[0].Text;
            var fields = reply.Items[1].Items;
            for (var i = 0; i + 1 < fields.Count; i += 2) yield return (fields[i].Bytes!, fields[i + 1].Bytes!);
        }
        while (cursor != "0");
    }

    private async Task<Dictionary<string, double>> ReadTimesAsync(string index, CancellationToken cancellation)
    {
        var times = new Dictionary<string, double>(StringComparer.Ordinal);
        for (var from = 0; ; from += Page)
        {
            var items = (await redis.CallAsync(cancellation, "ZRANGE", index, from, from + Page - 1, "WITHSCORES")).Items;
            for (var i = 0; i + 1 < items.Count; i += 2)
                times[Convert.ToHexString(items[i].Bytes!)] = double.Parse(items[i + 1].Text, CultureInfo.InvariantCulture);
            if (items.Count < 2 * Page) return times;
        }
    }

    private async Task<UnackedEntry> DescribeAsync(byte[] tag, byte[] value, double taken, CancellationToken cancellation)
    {
        if (UnackedMessage.Read(value) is not { } unacked) return new UnackedEntry(tag, null, taken, null);
        var queue = await FindQueueAsync(unacked.Exchange, unacked.RoutingKey, cancellation);
        return new UnackedEntry(tag, queue, taken, CeleryMessage.Read(unacked.Message).Eta);
    }

    /// <summary>As kombu finds it: without an exchange the routing key is the queue's name, otherwise the bindings tell.</summary>
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
        var members = await redis.CallAsync(cancellation, "SMEMBERS", keys.Binding(exchange));
        return _bindings[exchange] =
        [
            .. members.Items.Select(member => Encoding.UTF8.GetString(member.Bytes!).Split(settings.Separator))
                .Where(parts => parts.Length == 3).Select(parts => (parts[0], parts[2])),
        ];
    }
}
