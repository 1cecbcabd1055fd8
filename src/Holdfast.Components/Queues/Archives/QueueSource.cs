using System.Runtime.CompilerServices;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;

namespace Holdfast.Components.Queues.Archives;

/// <summary>
/// The messages of one queue at their location: its lists, and the hash of unacknowledged messages. After an archive
/// they are in keys of Holdfast.
/// </summary>
internal sealed class QueueSource(RedisConnection redis, UnackedReader unacked, string hash)
{
    /// <summary>Every message, the lists from the newest to the oldest, then what was taken, the latest first: the order in which pushing them at the far end rebuilds the queue.</summary>
    public async IAsyncEnumerable<ArchivedMessage> ReadAsync(
        IReadOnlyList<(int Priority, string Key)> lists, IReadOnlyList<UnackedEntry> taken, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var (priority, key) in lists)
            await foreach (var item in new ListPages(redis, key).ReadAsync(cancellation)) yield return new ArchivedMessage(MessageState.Waiting, priority, item);
        await foreach (var (entry, value) in unacked.ReadValuesAsync(hash, taken, cancellation))
            if (value is not null) yield return Taken(entry, value);
    }

    private static ArchivedMessage Taken(UnackedEntry entry, byte[] value)
    {
        var priority = UnackedMessage.Read(value) is { } unacked ? CeleryMessage.Read(unacked.Message).Priority : 0;
        return new ArchivedMessage(entry.IsEta ? MessageState.Scheduled : MessageState.Prefetched, priority, value) { Taken = entry.Taken };
    }
}
