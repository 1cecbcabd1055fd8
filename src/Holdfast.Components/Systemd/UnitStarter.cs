using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Systemd;

/// <summary>
/// Starts units by exact names, and verifies that they keep running. A unit that fails or is slow does not keep the
/// others from starting: all are started, and failures are reported at the end.
/// </summary>
internal sealed class UnitStarter(Systemctl systemctl, PlatformSettings settings, TimeProvider clock)
{
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);
    private static readonly string[] _pulls = ["Id", "Wants", "Requires", "BindsTo", "Upholds"];

    private readonly Dictionary<string, (UnitState Before, string Complaint, long Since)> _coming = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Restarts, long Since)> _up = new(StringComparer.Ordinal);
    private readonly List<Problem> _failures = [];
    private readonly Dictionary<string, string[]> _pulled = new(StringComparer.Ordinal);

    /// <summary>
    /// Reads in advance what is known before the units are stopped, because users would wait for it later.
    /// </summary>
    public Task PrepareAsync(StartOrder order, CancellationToken cancellation) => LearnAsync([.. order.Stay.Count == 0 ? [] : order.Units], cancellation);

    /// <summary>Starts all waves, and watches the units.</summary>
    /// <exception cref="ProblemException">Units did not start.</exception>
    public async Task StartAllAsync(StartOrder order, CancellationToken cancellation)
    {
        foreach (var wave in order.Waves) await StartAsync(wave, order, cancellation);
        await SettleAsync(cancellation);
    }

    /// <summary>
    /// Starts units together and waits until each of them is active or has failed, or has reached the limit for
    /// delaying the next ones. Running units are left unchanged.
    /// </summary>
    public async Task StartAsync(IReadOnlyList<string> wave, StartOrder order, CancellationToken cancellation)
    {
        if (wave.Count == 0) return;
        var before = await WaitUntilStoppedAsync(wave, cancellation);
        var complaint = await RequestAsync([.. before.Where(unit => !unit.IsUp || unit.HasJob)], wave, order, cancellation);
        await WaitAsync([.. before.Where(unit => !order.Unsteady.Contains(unit.Id))], complaint, cancellation);
    }

    /// <summary>
    /// Waits for slow units, and until each unit has been active for as long as the profile requires.
    /// </summary>
    /// <exception cref="ProblemException">Units did not start, or failed again.</exception>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        while (_up.Count + _coming.Count > 0)
        {
            foreach (var unit in await systemctl.ShowAsync(_up.Keys, cancellation)) await JudgeAsync(unit, cancellation);
            await LookAsync(_coming.Keys, cancellation);
            if (_up.Count + _coming.Count > 0) await Task.Delay(_pause, clock, cancellation);
        }
        if (_failures.Count == 0) return;
        var first = _failures[0];
        throw new ProblemException(_failures.Count == 1 ? first : first with
        {
            Message = $"{_failures.Count} units did not come up. {string.Join(' ', _failures.Select(failure => failure.Message))}",
            Details = [.. _failures.SelectMany(failure => failure.Details)],
        });
    }

    /// <summary>
    /// Waits until the units have stopped, as long as a unit may take for it and the others can wait. systemd counts a
    /// start that waits for a stop as several starts, and then refuses the unit (StartLimitBurst=).
    /// </summary>
    private async Task<IReadOnlyList<UnitState>> WaitUntilStoppedAsync(IReadOnlyList<string> wave, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        while (true)
        {
            var now = await systemctl.ShowAsync(wave, cancellation);
            var time = clock.GetElapsedTime(began);
            if (time > settings.StartPatience || !now.Any(unit => unit.ActiveState == "deactivating" && time <= UnitStopper.DeadlineOf(unit, wished: null))) return now;
            await Task.Delay(_pause, clock, cancellation);
        }
    }

    /// <summary>Targets pull in all that is enabled, also what a person had stopped; so they are started alone, as are units that want something which is to stay down.</summary>
    private async Task<string> RequestAsync(IReadOnlyList<UnitState> stopped, IReadOnlyList<string> wave, StartOrder order, CancellationToken cancellation)
    {
        if (stopped.Count == 0) return "";
        await systemctl.ForgetFailuresAsync(stopped.Select(unit => unit.Id), cancellation);
        var named = stopped.OrderBy(unit => wave.ToList().IndexOf(unit.Id)).ToList();
        var pulling = await PullingAsync(named, order.Stay, cancellation);
        var alone = named.Where(unit => unit.IsTarget || pulling.Contains(unit.Id)).ToList();
        var together = named.Except(alone).ToList();
        var complaint = together.Count > 0 ? await systemctl.StartAsync(together.Select(unit => unit.Id), alone: false, cancellation) : "";
        return alone.Count == 0 ? complaint : complaint + await systemctl.StartAsync(alone.Select(unit => unit.Id), alone: true, cancellation);
    }

    /// <summary>Units whose start would start one of those that are to stay stopped.</summary>
    private async Task<IReadOnlySet<string>> PullingAsync(IReadOnlyList<UnitState> units, IReadOnlyList<string> stay, CancellationToken cancellation)
    {
        await LearnAsync([.. stay.Count == 0 ? [] : units.Select(unit => unit.Id)], cancellation);
        return units.Select(unit => unit.Id).Where(name => Reach(name).Any(stay.Contains)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// Reads the units that units pull in, and those that these pull in. systemd is queried once for each level, and
    /// never twice for the same unit.
    /// </summary>
    private async Task LearnAsync(IReadOnlyList<string> units, CancellationToken cancellation)
    {
        for (var next = Unknown(units); next.Count > 0;)
        {
            var blocks = await systemctl.ShowAsync(next, _pulls, cancellation);
            foreach (var (name, block) in next.Zip(blocks))
                _pulled[name] = [.. _pulls.Skip(1).SelectMany(property => block.GetValueOrDefault(property, "").Split(' ', StringSplitOptions.RemoveEmptyEntries))];
            next = Unknown(next.SelectMany(name => _pulled.GetValueOrDefault(name, [])));
        }

        List<string> Unknown(IEnumerable<string> names) => [.. names.Where(name => !_pulled.ContainsKey(name)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>All that the start of a unit starts.</summary>
    private HashSet<string> Reach(string unit)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var next = new Stack<string>([unit]);
        while (next.TryPop(out var from))
            foreach (var name in _pulled.GetValueOrDefault(from, []))
                if (reached.Add(name)) next.Push(name);
        return reached;
    }

    private async Task WaitAsync(IReadOnlyList<UnitState> before, string complaint, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        foreach (var unit in before) _coming[unit.Id] = (unit, complaint, began);
        while (await LookAsync(before.Select(unit => unit.Id), cancellation)) await Task.Delay(_pause, clock, cancellation);
    }

    /// <summary>Looks what has become of units that were started.</summary>
    /// <returns>True when one of them is to be up before the next ones are started, and may take longer.</returns>
    private async Task<bool> LookAsync(IEnumerable<string> names, CancellationToken cancellation)
    {
        var keeps = false;
        foreach (var unit in await systemctl.ShowAsync([.. names.Where(_coming.ContainsKey)], cancellation))
        {
            var (earlier, complaint, since) = _coming[unit.Id];
            var (time, limit) = (TimeOf(unit, since), LimitOf(earlier));
            if ((unit.IsUp && (!unit.HasJob || unit.ActiveState == "activating")) || HasRun(unit, earlier, complaint)) Up(unit);
            else if (unit.IsStopped) await DownAsync(unit, "did not come up", complaint, cancellation);
            else if (time > limit) await DownAsync(unit, $"did not come up within {Duration.Describe(limit)}", complaint, cancellation);
            else
            {
                keeps |= time <= (GroupOf(unit)?.StartTimeout ?? settings.StartPatience);
                continue;
            }
            _coming.Remove(unit.Id);
        }
        return keeps;
    }

    /// <summary>
    /// The time for which a unit has been starting. The wait of an earlier attempt counts: a run, its undo and
    /// 'recover' together wait no longer for a hanging unit than one of them.
    /// </summary>
    private TimeSpan TimeOf(UnitState unit, long since)
    {
        var here = clock.GetElapsedTime(since);
        if (unit.ActiveState != "activating" || unit.LeftInactive == 0) return here;
        var all = clock.GetElapsedTime(unit.LeftInactive * (clock.TimestampFrequency / 1_000_000));
        return all > here ? all : here;
    }

    /// <summary>Whether a oneshot unit has run: it may have ended before it was read.</summary>
    private static bool HasRun(UnitState unit, UnitState earlier, string complaint) =>
        unit.HasEndedWell && (unit.LeftInactive > earlier.LeftInactive || (unit.IsForgotten && complaint.Length == 0));

    private void Up(UnitState unit) => _up[unit.Id] = (unit.Restarts, clock.GetTimestamp());

    private async Task JudgeAsync(UnitState unit, CancellationToken cancellation)
    {
        var (restarts, since) = _up[unit.Id];
        var time = clock.GetElapsedTime(since);
        if ((!unit.IsUp && !unit.HasEndedWell) || unit.Restarts != restarts)
        {
            _up.Remove(unit.Id);
            await DownAsync(unit, $"came up, but died within {Duration.Describe(time)}", "", cancellation);
        }
        else if (time >= settings.Settle)
        {
            _up.Remove(unit.Id);
        }
    }

    private async Task DownAsync(UnitState unit, string what, string complaint, CancellationToken cancellation)
    {
        var failure = unit.IsMasked ? Catalogue.UnitMasked.With($"{unit.Id} is to be started, but is masked.")
            : unit.IsUnwanted ? Catalogue.UnitDown.With($"{unit.Id} was not started, because a condition of its unit file does not hold.")
            : Catalogue.UnitDown.With($"{unit.Id} {what} and is {unit.Describe()}, {Why(unit)}.{(complaint.Length > 0 ? " " + complaint : "")}");
        _failures.Add(failure with { Details = await systemctl.LogAsync(unit.Id, cancellation) });
    }

    private static string Why(UnitState unit) =>
        !unit.Exists ? "not installed any more" : unit.Result == "exit-code" ? $"its program exited with {unit.ExitStatus}" : unit.Result.Length > 0 ? $"result '{unit.Result}'" : "without a reason given";

    /// <summary>The time limit of a unit: that of the profile, else its own, else the default.</summary>
    private TimeSpan LimitOf(UnitState unit) => GroupOf(unit)?.StartTimeout ?? unit.StartTimeout + _grace ?? settings.StartLimit;

    private ServiceGroup? GroupOf(UnitState unit) => settings.Groups.FirstOrDefault(group => group.Units.Any(pattern => UnitPattern.Fits(pattern, unit.Id)));
}
