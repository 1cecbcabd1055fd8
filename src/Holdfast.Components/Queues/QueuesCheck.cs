using Holdfast.Components.Queues.Brokers;
using Holdfast.Engine.Checking;

namespace Holdfast.Components.Queues;

/// <summary>Whether work waits in a broker's queues, and whether its workers do any.</summary>
internal sealed class QueuesCheck(Broker broker) : ICheckSource
{
    private const string Wait = "Wait until they are worked off with 'holdfast queues wait', or keep them with 'holdfast queues archive'.";

    public string Name => broker.Component;

    public string Question => "pending messages";

    /// <summary>Workers may take their time to answer, twice.</summary>
    public TimeSpan Waits => 2 * broker.Settings.InspectTimeout + broker.Settings.Pause;

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        var status = await broker.ReadAsync(cancellation);
        if (status.IsIdle)
        {
            // On its way from a list to a worker a message is in no key for about a millisecond.
            await Task.Delay(broker.Settings.Pause, broker.Clock, cancellation);
            status = await broker.ReadAsync(cancellation);
        }
        return broker.Settings.Queues.Count == 0 ? [JudgeMessages(status)] : [JudgeMessages(status), JudgeTasks(status)];
    }

    private CheckLine JudgeMessages(BrokerStatus status)
    {
        var (taken, scheduled) = (status.Queues.Sum(queue => queue.Prefetched) + status.Elsewhere, status.Queues.Sum(queue => queue.Scheduled));
        var parts = new List<string>();
        if (status.Waiting > 0) parts.Add($"{status.Waiting} waiting: {string.Join(", ", status.Queues.Where(queue => queue is { IsDrained: true, Messages: > 0 }).Select(queue => $"{queue.Queue.Name} ({queue.Messages})"))}");
        if (taken > 0) parts.Add($"{taken} taken and not acknowledged");
        if (scheduled > 0) parts.Add($"{scheduled} due at a later time");
        if (status.Resting > 0) parts.Add($"{status.Resting} in queues that are not waited for");
        if (parts.Count == 0) return Line(Question, CheckState.Pass, "none");
        var found = string.Join("; ", parts);
        if (status.HasOrphans) return Line(Question, CheckState.Fail, $"{found}; no worker is there for them", "Start the workers, so that they work them off; a backup would copy what is left, and warn.");
        return status.Waiting + taken == 0
            ? Line(Question, CheckState.Warn, found, "A backup does not wait for them, and copies them.")
            : Line(Question, CheckState.Fail, found, Wait);
    }

    private CheckLine JudgeTasks(BrokerStatus status)
    {
        const string question = "running tasks";
        var workers = status.Workers;
        var count = $"{workers.Listening} worker{(workers.Listening == 1 ? "" : "s")}";
        if (!workers.IsKnown)
            return Line(question, CheckState.Unknown, $"{workers.Listening - workers.Answered} of {count} did not answer", "Look at the process: it is stopped, hangs, or blocks in a task (the pool 'solo'); restart it, or raise 'inspect-timeout'.");
        if (workers.Active > 0) return Line(question, CheckState.Fail, $"{workers.Active}: {workers.RunningText}", "Wait until they have ended: 'holdfast queues wait'.");
        if (workers.Reserved > 0) return Line(question, CheckState.Fail, $"none runs, and {workers.Reserved} wait in the memory of {count}", "Wait until they have ended: 'holdfast queues wait'.");
        return Line(question, CheckState.Pass, workers.Listening == 0 ? "none, and no worker is there" : $"none, say {count}{(workers.Scheduled > 0 ? $"; {workers.Scheduled} are due at a later time" : "")}");
    }

    private CheckLine Line(string question, CheckState state, string found, string? hint = null) => new(Name, question, state, found) { Hint = hint };
}
