using System.Text.Json.Nodes;
using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Components.Queues.Archives;

/// <summary>The number of messages that were copied from one queue, and the digest of its file.</summary>
internal sealed record QueueTally(QueueName Queue, string File)
{
    public SortedDictionary<int, long> Waiting { get; } = [];
    public long Prefetched { get; private set; }
    public long Scheduled { get; private set; }
    public long Bytes { get; set; }

    /// <summary>SHA-256 of the file, once it is written.</summary>
    public byte[] Digest { get; set; } = [];

    public long Messages => Waiting.Values.Sum() + Prefetched + Scheduled;

    public void Count(ArchivedMessage message)
    {
        if (message.State == MessageState.Waiting) Waiting[message.Priority] = Waiting.GetValueOrDefault(message.Priority) + 1;
        else if (message.State == MessageState.Prefetched) Prefetched++;
        else Scheduled++;
    }

    public JsonNode ToJson()
    {
        var waiting = new JsonObject();
        foreach (var (priority, count) in Waiting) waiting[$"{priority}"] = count;
        return new JsonObject
        {
            ["queue"] = Queue.Name, ["kind"] = Queue.Kind, ["path"] = File, ["messages"] = Messages, ["waiting"] = waiting, ["prefetched"] = Prefetched, ["scheduled"] = Scheduled, ["bytes"] = Bytes,
        };
    }
}
