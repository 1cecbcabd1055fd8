using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>
/// Determines the order in which the platform is stopped, and refuses one that could not be reversed.
/// </summary>
/// <param name="survey">Reads units from systemd.</param>
/// <param name="groups">The units of the profile.</param>
/// <param name="withStores">Stops the stores too.</param>
/// <param name="ownControlGroup">The control group that Holdfast runs in.</param>
/// <param name="fileExists">Whether a unit file exists.</param>
internal sealed class StopOrderMaker(UnitSurvey survey, IReadOnlyList<GroupUnits> groups, bool withStores, string ownControlGroup, Func<string, bool> fileExists)
{
    private readonly List<UnitState> _jobs = [];
    private readonly HashSet<string> _placed = new(StringComparer.Ordinal);
    private readonly List<Problem> _warnings = [];

    /// <summary>Warnings about the order.</summary>
    public IReadOnlyList<Problem> Warnings => _warnings;

    /// <exception cref="ProblemException">A unit that runs is masked, or a store or Holdfast itself would be stopped.</exception>
    public async Task<StopOrder> MakeAsync(CancellationToken cancellation)
    {
        foreach (var group in groups.Where(group => group.Unmatched.Count > 0)) _warnings.Add(Unmatched(group));
        var chosen = groups.Where(group => withStores || !group.Group.IsStore).OrderBy(group => group.Group.Turn).ToList();
        var triggers = await TriggersAsync(chosen, cancellation);
        foreach (var trigger in triggers) _placed.Add(trigger.Id);
        var waves = new List<StopWave>();
        foreach (var group in chosen) waves.Add(new StopWave(group.Group, await UnitsOfAsync(group, cancellation)));
        var order = new StopOrder { Triggers = triggers, Waves = waves, Jobs = _jobs, Stay = Stay() };
        Refuse(order);
        return order;
    }

    /// <summary>Even when the unit does not run now: its timer would start it in the window. Sockets go with their units, because units may need them.</summary>
    private async Task<IReadOnlyList<UnitState>> TriggersAsync(IReadOnlyList<GroupUnits> chosen, CancellationToken cancellation)
    {
        var own = chosen.SelectMany(group => group.Units).ToList();
        var triggers = await survey.StatesAsync(own.SelectMany(unit => unit.TriggeredBy), cancellation);
        return [.. own.Where(unit => unit.IsTrigger).Concat(triggers).Where(unit => !unit.IsSocket && !unit.IsStopped).DistinctBy(unit => unit.Id, StringComparer.Ordinal)];
    }

    private async Task<IReadOnlyList<UnitState>> UnitsOfAsync(GroupUnits group, CancellationToken cancellation)
    {
        var sockets = (await survey.StatesAsync(group.Units.SelectMany(unit => unit.TriggeredBy), cancellation)).Where(unit => unit.IsSocket);
        var started = await StartedByTriggersAsync(group, cancellation);
        _jobs.AddRange(started.Where(unit => unit.IsJob));
        var own = group.Units.Concat(sockets).Concat(started).Where(unit => !unit.IsStopped && !_placed.Contains(unit.Id)).DistinctBy(unit => unit.Id, StringComparer.Ordinal).ToList();
        var tied = (await survey.DependantsAsync(own, cancellation)).Where(unit => !_placed.Contains(unit.Id)).ToList();
        foreach (var unit in tied) Judge(unit, group.Group);
        var units = Sort([.. own, .. tied]);
        foreach (var unit in units) _placed.Add(unit.Id);
        return units;
    }

    /// <summary>
    /// Units that a timer, path or socket of the group has started and the profile does not name: they would continue
    /// to write.
    /// </summary>
    private async Task<IReadOnlyList<UnitState>> StartedByTriggersAsync(GroupUnits group, CancellationToken cancellation)
    {
        var named = groups.SelectMany(other => other.Units).Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal);
        var started = await survey.StatesAsync(group.Units.Where(unit => unit.IsTrigger).SelectMany(unit => unit.Triggers), cancellation);
        return [.. started.Where(unit => !unit.IsStopped && !named.Contains(unit.Id) && !_placed.Contains(unit.Id))];
    }

    /// <summary>A unit that systemd stops with those of another group.</summary>
    private void Judge(UnitState unit, ServiceGroup group)
    {
        if (groups.FirstOrDefault(other => other.Units.Any(own => own.Id == unit.Id))?.Group is not { } home) return;
        if (home.IsStore && !withStores)
            throw Catalogue.UnitTied.Throwable($"Stopping the group '{group.Name}' would stop {unit.Id} too, which needs it, and which is a store of the platform.");
        if (home.IsAfterDrain && !group.IsAfterDrain)
            _warnings.Add(Catalogue.UnitTied.With($"{unit.Id} is stopped with the group '{group.Name}', because systemd ties them together: the queues cannot be worked off before.") with { Exit = ExitCode.Success });
    }

    /// <summary>Sockets first, so that they start nothing; then whatever is started after others, as systemd would have it.</summary>
    private static List<UnitState> Sort(IReadOnlyList<UnitState> units)
    {
        var sorted = new List<UnitState>();
        var left = units.OrderByDescending(unit => unit.IsSocket).ToList();
        while (left.Count > 0)
        {
            // A cycle of ordering dependencies is broken at any unit.
            var next = left.Find(unit => unit.IsSocket || !left.Exists(other => !ReferenceEquals(other, unit) && other.After.Contains(unit.Id, StringComparer.Ordinal))) ?? left[0];
            left.Remove(next);
            sorted.Add(next);
        }
        return sorted;
    }

    private IReadOnlyList<string> Stay() =>
        [.. groups.SelectMany(group => group.Units).Where(unit => !unit.Runs).Select(unit => unit.Id)];

    private void Refuse(StopOrder order)
    {
        foreach (var unit in order.Units.Where(unit => unit.Runs && unit.IsMasked))
            throw Catalogue.UnitMasked.Throwable($"{unit.Id} runs but is masked: once stopped it could not be started again, so nothing was stopped.");
        foreach (var unit in order.Units.Where(unit => unit.Runs || unit.IsGone))
            if (WhyUnstartable(unit) is { } reason) throw Catalogue.UnitUnstartable.Throwable($"{unit.Id} runs and {reason}, so nothing was stopped.");
        foreach (var unit in order.Units.Where(unit => ControlGroups.Holds(unit.ControlGroup, ownControlGroup)))
            throw Catalogue.UnitSelf.Throwable($"{unit.Id} would be stopped, and Holdfast runs in it, so nothing was stopped.");
    }

    /// <summary>Why a unit could not be started again after a stop, or cannot be stopped; null when it can.</summary>
    private string? WhyUnstartable(UnitState unit)
    {
        if (unit.IsGone) return "its unit file is gone: it could not be started again";
        if (unit.IsTransient) return "is transient (systemd-run): it could not be started again";
        if (unit.File.Length > 0 && !fileExists(unit.File)) return $"its unit file {unit.File} is gone: it could not be started again";
        if (unit.RefusesStart) return "may not be started by hand (RefuseManualStart=)";
        return unit.RefusesStop && groups.Any(group => group.Units.Contains(unit)) ? "may not be stopped by hand (RefuseManualStop=)" : null;
    }

    private static Problem Unmatched(GroupUnits group) =>
        Catalogue.UnitMissing.With($"The group '{group.Group.Name}' names what is not here: {string.Join(", ", group.Unmatched)}.");
}
