using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>Finds the order in which the platform is stopped, and refuses one that could not be turned round.</summary>
internal sealed class StopOrderMaker(UnitSurvey survey, IReadOnlyList<GroupUnits> groups, bool withStores, string ownControlGroup)
{
    private readonly HashSet<string> _placed = new(StringComparer.Ordinal);
    private readonly List<Problem> _warnings = [];

    /// <summary>What a person should know of the order.</summary>
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
        var order = new StopOrder { Triggers = triggers, Waves = waves, Stay = Stay() };
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
        var own = group.Units.Concat(sockets).Where(unit => !unit.IsStopped && !_placed.Contains(unit.Id)).DistinctBy(unit => unit.Id, StringComparer.Ordinal).ToList();
        var tied = (await survey.DependantsAsync(own, cancellation)).Where(unit => !_placed.Contains(unit.Id)).ToList();
        foreach (var unit in tied) Judge(unit, group.Group);
        var units = Sort([.. own, .. tied]);
        foreach (var unit in units) _placed.Add(unit.Id);
        return units;
    }

    /// <summary>A unit that systemd stops with those of another group.</summary>
    private void Judge(UnitState unit, ServiceGroup group)
    {
        if (groups.FirstOrDefault(other => other.Units.Any(own => own.Id == unit.Id))?.Group is not { } home) return;
        if (home.IsStore && !withStores)
            throw Catalogue.UnitTied.Throwable($"Stopping the group '{group.Name}' would stop {unit.Id} too, which needs it, and which is a store of the platform.");
        if (home.IsAfterDrain && !group.IsAfterDrain)
            _warnings.Add(Catalogue.UnitTied.With($"{unit.Id} is stopped with the group '{group.Name}', because systemd ties them together: the queues can not be worked off before.") with { Exit = ExitCode.Success });
    }

    /// <summary>Sockets first, so that they start nothing; then whatever is started after others, as systemd would have it.</summary>
    private static List<UnitState> Sort(IReadOnlyList<UnitState> units)
    {
        var sorted = new List<UnitState>();
        var left = units.OrderByDescending(unit => unit.IsSocket).ToList();
        while (left.Count > 0)
        {
            // A ring of such wishes is cut anywhere.
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
        foreach (var unit in order.Units.Where(unit => ControlGroups.Holds(unit.ControlGroup, ownControlGroup)))
            throw Catalogue.UnitSelf.Throwable($"{unit.Id} would be stopped, and Holdfast runs in it, so nothing was stopped.");
    }

    private static Problem Unmatched(GroupUnits group) =>
        Catalogue.UnitMissing.With($"The group '{group.Group.Name}' names what is not here: {string.Join(", ", group.Unmatched)}.");
}
