namespace Holdfast.Components.Queues.Capture;

/// <summary>
/// A moment at which no task is about to start. A worker of Celery (5.2, prefork) that receives a stop signal forgets
/// the tasks that it has just handed to a process of its pool and that this process has not confirmed yet: they run,
/// and their messages are put back all the same, to run again. So a worker is stopped between the ETAs of two tasks,
/// not at one.
/// </summary>
internal static class CalmMoment
{
    /// <summary>From the decision to stop until the worker has heard of it.</summary>
    public static TimeSpan Ahead { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>From the time at which a task is due until it has begun for certain: what runs longer is seen running.</summary>
    private static TimeSpan Behind { get; } = TimeSpan.FromMilliseconds(150);

    /// <summary>Nothing is due so soon, nor overdue.</summary>
    /// <param name="due">When tasks fall due that workers hold, in order.</param>
    /// <param name="now">The moment that is judged.</param>
    public static bool IsCalm(IReadOnlyList<DateTimeOffset> due, DateTimeOffset now) => due.Count == 0 || due[0] > now + Ahead;

    /// <summary>
    /// The first calm moment; where there is none before <paramref name="until"/>, the beginning of the longest pause.
    /// </summary>
    /// <param name="due">The ETAs of tasks that workers hold, in order.</param>
    /// <param name="from">The earliest moment.</param>
    /// <param name="until">The latest moment.</param>
    public static DateTimeOffset Find(IReadOnlyList<DateTimeOffset> due, DateTimeOffset from, DateTimeOffset until)
    {
        var (best, longest) = (from, TimeSpan.MinValue);
        var moment = from;
        foreach (var next in due.Append(DateTimeOffset.MaxValue))
        {
            if (moment > until) break;
            var pause = next - moment;
            if (pause > Ahead) return moment;
            if (pause > longest) (best, longest) = (moment, pause);
            if (next + Behind > moment) moment = next + Behind;
        }
        return best;
    }
}
