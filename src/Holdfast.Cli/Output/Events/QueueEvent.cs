using System.Globalization;
using Holdfast.Cli.Text;
using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Cli.Output.Events;

/// <summary>One queue of a list. The list is shown as a table, so it has no lines of its own. <paramref name="Waiting"/> is by priority.</summary>
internal sealed record QueueEvent(string Broker, string Queue, string Kind, long Messages, IReadOnlyDictionary<string, long> Waiting, long Prefetched, long Scheduled) : OutputEvent
{
    public static QueueEvent Of(string broker, QueueStatus status) => new(
        broker, status.Queue.Name, status.Queue.Kind, status.Messages,
        status.Waiting.ToDictionary(bucket => bucket.Priority.ToString(CultureInfo.InvariantCulture), bucket => bucket.Count, StringComparer.Ordinal), status.Prefetched, status.Scheduled);

    public static Table Table(IEnumerable<QueueEvent> queues)
    {
        var table = new Table("BROKER", "QUEUE", "KIND", "WAITING", "BY PRIORITY", "TAKEN", "DUE LATER") { Figures = new HashSet<int> { 3, 5, 6 } };
        foreach (var queue in queues) table.Add(queue.Broker, queue.Queue, queue.Kind, $"{queue.Messages:N0}", queue.Priorities, $"{queue.Prefetched:N0}", $"{queue.Scheduled:N0}");
        return table;
    }

    private string Priorities => Kind == "list" || Messages == 0 ? "-" : string.Join(" ", Waiting.Where(bucket => bucket.Value > 0).Select(bucket => $"{bucket.Key}:{bucket.Value:N0}"));
}
