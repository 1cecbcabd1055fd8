using System.Globalization;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>The status of a broker at one moment.</summary>
/// <param name="Broker">Its name in the profile.</param>
/// <param name="Queues">The queues and lists of the profile.</param>
/// <param name="Workers">The answers of the workers.</param>
/// <param name="Elsewhere">Unacknowledged messages of queues that the profile does not name.</param>
/// <param name="Due">The ETAs of scheduled messages, in order; those that cannot be read are left out.</param>
public sealed record BrokerStatus(string Broker, IReadOnlyList<QueueStatus> Queues, WorkersStatus Workers, long Elsewhere, IReadOnlyList<DateTimeOffset> Due)
{
    /// <summary>The ETA of the first scheduled message.</summary>
    public DateTimeOffset? EarliestEta => Due.Count == 0 ? null : Due[0];

    /// <summary>Messages that wait to be worked off.</summary>
    public long Waiting => Queues.Where(queue => queue.IsDrained).Sum(queue => queue.Messages);

    /// <summary>Messages of queues and lists with "drain: false", which nothing waits for.</summary>
    public long Resting => Queues.Where(queue => !queue.IsDrained).Sum(queue => queue.Messages);

    public long Unacknowledged => Elsewhere + Queues.Sum(queue => queue.Prefetched + queue.Scheduled);

    /// <summary>
    /// Unacknowledged messages whose workers have ended. They run when a worker has been active for the visibility
    /// timeout.
    /// </summary>
    public bool HasOrphans => Workers.Listening == 0 && Unacknowledged > 0;

    /// <summary>Nothing waits, nothing is taken, and every worker says so. It counts when it is seen twice, seconds apart.</summary>
    public bool IsIdle => Waiting == 0 && Unacknowledged == 0 && Workers.IsIdle;

    /// <summary>Nothing is left but what is due at a later time.</summary>
    public bool HasOnlyScheduled => Waiting == 0 && Elsewhere == 0 && Workers.IsKnown && Workers.Active == 0 && Queues.All(queue => queue.Prefetched == 0) && Queues.Any(queue => queue.Scheduled > 0);

    private string FirstDue => EarliestEta is { } eta ? string.Create(CultureInfo.InvariantCulture, $" (the first at {eta.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC)") : "";

    /// <summary>The reasons why the broker is not idle, in words.</summary>
    public string Description
    {
        get
        {
            if (IsIdle) return "idle";
            if (!Workers.IsKnown) return $"unknown: {Workers.Listening - Workers.Answered} of {Workers.Listening} workers did not answer";
            var parts = new List<string>();
            if (Workers.Active > 0) parts.Add($"{Workers.Active} running");
            if (Waiting > 0) parts.Add($"{Waiting} waiting");
            if (Waiting > 0 && Resting > 0) parts.Add($"{Resting} in queues that are not waited for");
            if (Queues.Sum(queue => queue.Prefetched) is > 0 and var prefetched) parts.Add($"{prefetched} taken and not acknowledged");
            if (Queues.Sum(queue => queue.Scheduled) is > 0 and var scheduled) parts.Add($"{scheduled} due at a later time{FirstDue}");
            if (Elsewhere > 0) parts.Add($"{Elsewhere} not acknowledged of queues that the profile does not name");
            if (parts.Count == 0) parts.Add($"{Workers.Reserved + Workers.Scheduled} in the workers' memory");
            return string.Join(", ", parts) + (HasOrphans ? "; no worker is there" : "");
        }
    }
}
