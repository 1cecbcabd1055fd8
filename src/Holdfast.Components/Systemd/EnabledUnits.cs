namespace Holdfast.Components.Systemd;

/// <summary>The enabled units of the platform: the units to start when no record shows what ran.</summary>
internal sealed class EnabledUnits(Systemctl systemctl, PlatformSettings settings)
{
    /// <summary>In the reverse of the profile's order; timers and path units last.</summary>
    public async Task<StartOrder> FindAsync(CancellationToken cancellation)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var waves = new List<IReadOnlyList<string>>();
        var triggers = new List<string>();
        var all = new List<UnitState>();
        foreach (var group in settings.Groups.Reverse())
        {
            var units = (await StatesAsync(group, cancellation)).Where(unit => seen.Add(unit.Id)).ToList();
            all.AddRange(units);
            triggers.AddRange(units.Where(unit => unit.IsEnabled && IsLast(unit)).Select(unit => unit.Id));
            waves.Add([.. units.Where(unit => unit.IsEnabled && !IsLast(unit)).OrderByDescending(unit => unit.IsSocket).Select(unit => unit.Id)]);
        }
        return new StartOrder
        {
            Waves = [.. waves.Append(triggers).Where(wave => wave.Count > 0)],
            Stay = [.. all.Where(unit => !unit.IsEnabled && !unit.Runs).Select(unit => unit.Id)],
        };
    }

    /// <summary>
    /// Reads the states of a group's units. A stopped unit may not be loaded, so that only its unit file shows that it
    /// exists.
    /// </summary>
    private async Task<IReadOnlyList<UnitState>> StatesAsync(ServiceGroup group, CancellationToken cancellation)
    {
        var names = (await systemctl.ListAsync(group.Units, cancellation)).Concat(await systemctl.ListFilesAsync(group.Units, cancellation)).Distinct(StringComparer.Ordinal);
        var units = (await systemctl.ShowAsync(names, cancellation)).Where(unit => unit.Exists).ToList();
        var triggers = await systemctl.ShowAsync(units.SelectMany(unit => unit.TriggeredBy), cancellation);
        return [.. units.Concat(triggers).DistinctBy(unit => unit.Id, StringComparer.Ordinal)];
    }

    private static bool IsLast(UnitState unit) => unit.IsTrigger && !unit.IsSocket;
}
