namespace Holdfast.Testing;

/// <summary>A clock that stands still until a test moves it; timers fire on the way. It starts at the real time, in UTC.</summary>
public sealed class ManualClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = System.GetUtcNow();

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    /// <summary>How many timers are set.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _timers.Count(timer => timer.Due != DateTimeOffset.MaxValue);
        }
    }

    /// <summary>How far the clock must be moved until the next timer fires; the largest time when none is set.</summary>
    public TimeSpan Next
    {
        get
        {
            lock (_gate) return _timers.Select(timer => timer.Due).Append(DateTimeOffset.MaxValue).Min() - _now;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and fires what is due.</summary>
    public void Advance(TimeSpan time)
    {
        List<Timer> due;
        lock (_gate)
        {
            _now += time;
            due = [.. _timers.Where(timer => timer.Due <= _now).OrderBy(timer => timer.Due)];
            foreach (var timer in due) timer.Reschedule();
        }
        foreach (var timer in due) timer.Fire();
    }

    /// <summary>Moves the clock in steps until a task is done, with a little real time between them for others to act.</summary>
    public async Task<T> RunAsync<T>(Task<T> task, TimeSpan step)
    {
        for (var i = 0; i < 10_000 && !task.IsCompleted; i++)
        {
            Advance(step);
            await Task.WhenAny(task, Eventually.PassAsync(TimeSpan.FromMilliseconds(1), "others act"));
        }
        return task.IsCompleted ? await task : throw new TimeoutException("The task did not end, however far the clock was moved.");
    }

    private sealed class Timer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

        public void Reschedule() => Due = _period == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : Due + _period;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : clock._now + dueTime;
                if (!clock._timers.Contains(this)) clock._timers.Add(this);
            }
            return true;
        }

        public void Dispose()
        {
            lock (clock._gate) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
