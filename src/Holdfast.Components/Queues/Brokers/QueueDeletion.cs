using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>Deletes what waits in queues, without keeping it anywhere. What workers have taken is theirs.</summary>
internal sealed class QueueDeletion(Broker broker, IReadOnlyList<string> only)
{
    public async Task<Step> PlanAsync(CancellationToken cancellation)
    {
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        var counts = new List<string>();
        foreach (var queue in await QueuesAsync(redis, cancellation))
            if (await CountAsync(redis, queue, cancellation) is > 0 and var count) counts.Add($"{count} of {queue.Name}");
        return new Step
        {
            Name = $"Delete the messages of {broker.Settings.Name}",
            Does = counts.Count == 0 ? "Nothing waits in these queues." : $"Deletes for ever what waits: {string.Join(", ", counts)}.",
            Component = broker.Component,
            Destroys = true,
            Act = ActAsync,
        };
    }

    private async Task<IReadOnlyList<QueueName>> QueuesAsync(RedisConnection redis, CancellationToken cancellation) =>
        [.. (await broker.Reader.NamesAsync(redis, cancellation)).Where(queue => only.Count == 0 || only.Contains(queue.Name, StringComparer.Ordinal))];

    private async Task ActAsync(StepContext context, CancellationToken cancellation)
    {
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        foreach (var queue in await QueuesAsync(redis, cancellation))
        {
            var count = await CountAsync(redis, queue, cancellation);
            await redis.CallAsync(cancellation, ["UNLINK", .. broker.Keys.Of(queue).Select(list => (RedisWord)list.Key)]);
            if (count > 0) context.Note($"{Quantity.Of(count, "message")} of {queue.Name} {(count == 1 ? "was" : "were")} deleted.");
            Interlocked.Add(ref context.Counters.ItemsDone, count);
        }
    }

    private async Task<long> CountAsync(RedisConnection redis, QueueName queue, CancellationToken cancellation)
    {
        var count = 0L;
        foreach (var (_, key) in broker.Keys.Of(queue)) count += (await redis.CallAsync(cancellation, "LLEN", key)).Integer;
        return count;
    }
}
