namespace Holdfast.Tests.Engine;

/// <summary>Time that passes when a test says so; timers fire then.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 11, 22, 21, 4, 5, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state), period);
        timer.Change(dueTime, period);
        lock (_gate) _timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan time)
    {
        _now += time;
        ManualTimer[] timers;
        lock (_gate) timers = [.. _timers];
        foreach (var timer in timers) timer.Fire();
    }

    private sealed class ManualTimer(ManualClock clock, Action fire, TimeSpan period) : ITimer
    {
        private DateTimeOffset? _due;

        public void Fire()
        {
            if (_due is null || clock.GetUtcNow() < _due) return;
            _due = period > TimeSpan.Zero ? clock.GetUtcNow() + period : null;
            fire();
        }

        public bool Change(TimeSpan dueTime, TimeSpan changed)
        {
            _due = dueTime < TimeSpan.Zero ? null : clock.GetUtcNow() + dueTime;
            return true;
        }

        public void Dispose() => _due = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
