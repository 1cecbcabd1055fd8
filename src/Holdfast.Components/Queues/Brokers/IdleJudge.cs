namespace Holdfast.Components.Queues.Brokers;

/// <summary>
/// Judges looks at a broker one after the other. What looks settled must be seen twice: on its way from a list to a worker a message is in no key for
/// about a millisecond. A backlog that nothing works off is given up when nothing has moved for a time.
/// </summary>
/// <param name="isHopeful">True goes on even when no worker is there: one may come.</param>
/// <param name="stall">How long nothing may move.</param>
internal sealed class IdleJudge(bool isHopeful, TimeSpan stall)
{
    private const int Twice = 2;

    private (IdleEnd End, int Times) _seen = (IdleEnd.Late, 0);
    private string _counts = "";
    private DateTimeOffset _moved;

    /// <summary>How the waiting ends with this look; null goes on.</summary>
    /// <param name="status">What was seen.</param>
    /// <param name="now">When.</param>
    /// <param name="until">The end of the waiting. What looks settled is worth a second look even after it.</param>
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
