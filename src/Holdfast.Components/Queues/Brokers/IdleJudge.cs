namespace Holdfast.Components.Queues.Brokers;

/// <summary>
/// Decides from successive statuses of a broker when the wait ends. A final status must be seen twice: on its way from
/// a list to a worker a message is in no key for about a millisecond. The wait for a backlog that no worker processes
/// ends when nothing has changed for a time.
/// </summary>
/// <param name="isHopeful">Continues even when there is no worker, because one may start.</param>
/// <param name="stall">The longest time without a change.</param>
internal sealed class IdleJudge(bool isHopeful, TimeSpan stall)
{
    private const int Twice = 2;

    private (IdleEnd End, int Times) _seen = (IdleEnd.Late, 0);
    private string _counts = "";
    private DateTimeOffset _moved;

    /// <summary>Returns how the wait ends with this status; null to continue.</summary>
    /// <param name="status">The status of the broker.</param>
    /// <param name="now">The time of the status.</param>
    /// <param name="until">The deadline. A final status is verified a second time even after it.</param>
    public IdleEnd? See(BrokerStatus status, DateTimeOffset now, DateTimeOffset until)
    {
        var end = Judge(status);
        _seen = (end, end == _seen.End ? _seen.Times + 1 : 1);
        if (end != IdleEnd.Late && _seen.Times >= Twice) return end;
        if (Counts(status) is var counts && counts != _counts) (_counts, _moved) = (counts, now);
        if (end != IdleEnd.Late) return null;
        if (!isHopeful && IsStill(status) && now - _moved >= stall) return IdleEnd.Stalled;
        return now >= until ? IdleEnd.Late : null;
    }

    private IdleEnd Judge(BrokerStatus status)
    {
        if (status.IsIdle) return IdleEnd.Idle;
        if (isHopeful) return IdleEnd.Late;
        if (status.HasOnlyScheduled) return IdleEnd.OnlyScheduled;
        return status.Workers.Listening == 0 && status.Queues.All(queue => !queue.Queue.IsList || !queue.IsDrained || queue.IsEmpty) ? IdleEnd.NoWorkers : IdleEnd.Late;
    }

    /// <summary>Nothing runs that could be about to take a message.</summary>
    private static bool IsStill(BrokerStatus status) => status.Workers is { IsKnown: true, Active: 0 };

    private static string Counts(BrokerStatus status) =>
        string.Join(' ', status.Queues.Where(queue => queue.IsDrained).Select(queue => $"{queue.Queue.Name}={queue.Messages},{queue.Prefetched},{queue.Scheduled}"))
        + $" {status.Elsewhere} {status.Workers.Active} {status.Workers.Reserved} {status.Workers.Scheduled}";
}
