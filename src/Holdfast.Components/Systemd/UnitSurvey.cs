namespace Holdfast.Components.Systemd;

/// <summary>Finds the units of the platform on this machine, and all that hangs on them. It changes nothing.</summary>
internal sealed class UnitSurvey(Systemctl systemctl, PlatformSettings settings)
{
    private readonly Dictionary<string, UnitState> _known = new(StringComparer.Ordinal);

    /// <summary>
    /// The groups in the profile's order. A unit belongs to one group only: to a store when one names it, else to the first that does.
    /// </summary>
    public async Task<IReadOnlyList<GroupUnits>> FindAsync(CancellationToken cancellation)
    {
        var found = new Dictionary<ServiceGroup, GroupUnits>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in settings.Groups.OrderByDescending(group => group.IsStore))
            found[group] = await FindAsync(group, taken, cancellation);
        return [.. settings.Groups.Select(group => found[group])];
    }

    /// <summary>The states of further units: from memory, or asked for together.</summary>
    public async Task<IReadOnlyList<UnitState>> StatesAsync(IEnumerable<string> names, CancellationToken cancellation)
    {
        var wanted = names.Distinct(StringComparer.Ordinal).ToList();
        foreach (var unit in await systemctl.ShowAsync(wanted.Where(name => !_known.ContainsKey(name)), cancellation)) _known[unit.Id] = unit;
        return [.. wanted.Where(_known.ContainsKey).Select(name => _known[name])];
    }

    /// <summary>The running units that systemd stops when it stops the given ones, directly or indirectly.</summary>
    public async Task<IReadOnlyList<UnitState>> DependantsAsync(IReadOnlyList<UnitState> units, CancellationToken cancellation)
    {
        var seen = units.Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal);
        var all = new List<UnitState>();
        for (var next = units; next.Count > 0;)
        {
            var further = next.SelectMany(unit => unit.Dependants).Where(seen.Add).ToList();
            next = [.. (await StatesAsync(further, cancellation)).Where(unit => !unit.IsStopped)];
            all.AddRange(next);
        }
        return all;
    }

    private async Task<GroupUnits> FindAsync(ServiceGroup group, HashSet<string> taken, CancellationToken cancellation)
    {
        var globs = group.Units.Where(UnitPattern.IsGlob).ToList();
        var names = await systemctl.ListAsync(group.Units, cancellation);
        if (globs.Count > 0) names = [.. names.Concat(await systemctl.FindByAliasAsync(globs, cancellation)).Distinct(StringComparer.Ordinal)];
        var states = (await systemctl.ShowAsync(names, cancellation)).ToList();
        foreach (var unit in states) _known[unit.Id] = unit;
        var there = states.Where(unit => unit.Exists).ToList();
        return new GroupUnits(group, [.. there.Where(unit => taken.Add(unit.Id)).OrderBy(unit => unit.Id, StringComparer.Ordinal)])
        {
            Unmatched = [.. group.Units.Where(pattern => UnitPattern.IsGlob(pattern) ? !there.Exists(unit => unit.Names.Any(name => UnitPattern.Fits(pattern, name))) : states.Exists(unit => unit.Id == pattern && !unit.Exists))],
        };
    }
}
