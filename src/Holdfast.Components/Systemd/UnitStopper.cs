using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Systemd;

/// <summary>Stops units, each within its own deadline, and reads what has really become of them.</summary>
internal sealed class UnitStopper(Systemctl systemctl, TimeProvider clock)
{
    /// <summary>Added to the unit's own time, for systemd to kill it and to say so.</summary>
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(5);

    /// <summary>For units that may take for ever.</summary>
    private static readonly TimeSpan _endless = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The time limit for stopping a unit.</summary>
    public static TimeSpan DeadlineOf(UnitState unit, TimeSpan? wished) => wished ?? ((unit.StopTimeout ?? _endless) + _grace);

    /// <summary>Stops units at the same time.</summary>
    /// <returns>A warning for each unit that had to be killed.</returns>
    /// <exception cref="ProblemException">A unit does not stop in time, or systemd refuses.</exception>
    public async Task<IReadOnlyList<Problem>> StopAsync(IReadOnlyList<string> names, TimeSpan? wished, CancellationToken cancellation)
    {
        if (names.Count == 0) return [];
        // Read again: since the order was made, queues have been waited for, and a unit may have failed and been
        // restarted.
        var units = await systemctl.ShowAsync(names, cancellation);
        var complaint = await systemctl.StopAsync(names, cancellation);
        var began = clock.GetTimestamp();
        while (true)
        {
            var now = await systemctl.ShowAsync(names, cancellation);
            var pending = now.Where(unit => !unit.IsStopped).ToList();
            if (pending.Count == 0) return await KilledAsync(units, now, cancellation);
            if (pending.Find(unit => unit.Runs && !unit.HasJob && units.Any(earlier => earlier.Id == unit.Id && earlier.LeftInactive < unit.LeftInactive)) is { } back)
                throw new ProblemException(await ReturnedAsync([back], cancellation));
            if (complaint.Length > 0 && pending.Find(unit => !unit.HasJob && unit.Runs) is { } refused)
                throw Catalogue.SystemdRefused.Throwable($"{refused.Id} was not stopped: {complaint}");
            var late = pending.Where(unit => clock.GetElapsedTime(began) > DeadlineOf(unit, wished)).ToList();
            if (late.Count > 0) throw new ProblemException(await HangsAsync(late, wished, cancellation));
            // A start job that another client requests replaces a stop job that systemd has not begun.
            var forgotten = pending.Where(unit => unit.Runs && !unit.HasJob).Select(unit => unit.Id).ToList();
            if (forgotten.Count > 0) complaint = await systemctl.StopAsync(forgotten, cancellation);
            await Task.Delay(_pause, clock, cancellation);
        }
    }

    /// <summary>Waits until programs that are run once have ended.</summary>
    /// <returns>Those that have.</returns>
    public async Task<IReadOnlySet<string>> WaitForJobsAsync(IReadOnlyList<string> names, TimeSpan limit, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        while (true)
        {
            var now = await systemctl.ShowAsync(names, cancellation);
            var ended = now.Where(unit => unit.IsStopped).Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal);
            if (ended.Count == now.Count || clock.GetElapsedTime(began) > limit) return ended;
            await Task.Delay(_pause, clock, cancellation);
        }
    }

    /// <summary>That units run which had been stopped.</summary>
    public async Task<Problem> ReturnedAsync(IReadOnlyList<UnitState> back, CancellationToken cancellation)
    {
        var lines = new List<string>();
        foreach (var unit in back) lines.AddRange(await systemctl.LogAsync(unit.Id, cancellation));
        return Catalogue.UnitReturned.With($"This was stopped and runs again: {string.Join(", ", back.Select(unit => $"{unit.Id} {unit.Describe()}"))}.") with { Details = lines };
    }

    private async Task<Problem> HangsAsync(IReadOnlyList<UnitState> late, TimeSpan? wished, CancellationToken cancellation)
    {
        var lines = new List<string>();
        foreach (var unit in late) lines.AddRange(await systemctl.LogAsync(unit.Id, cancellation));
        var each = late.Select(unit => $"{unit.Id} did not stop within {Duration.Describe(DeadlineOf(unit, wished))} and is {unit.Describe()}{Process(unit)}");
        return Catalogue.UnitHangs.With(string.Join("; ", each) + ".") with { Details = lines };
    }

    private async Task<IReadOnlyList<Problem>> KilledAsync(IReadOnlyList<UnitState> before, IReadOnlyList<UnitState> now, CancellationToken cancellation)
    {
        var killed = now.Where(unit => unit.Result == "timeout" && before.Any(earlier => earlier.Id == unit.Id && earlier.Result != "timeout"));
        var warnings = new List<Problem>();
        foreach (var unit in killed)
        {
            var limit = unit.StopTimeout is { } time ? $" within {Duration.Describe(time)}" : "";
            warnings.Add(Catalogue.UnitKilled.With($"{unit.Id} did not end{limit} when it was asked to, so systemd killed it.") with { Details = await systemctl.LogAsync(unit.Id, cancellation) });
        }
        return warnings;
    }

    private static string Process(UnitState unit) => unit.MainPid > 0 ? $", process {unit.MainPid}" : "";
}
