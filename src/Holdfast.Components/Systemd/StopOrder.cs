namespace Holdfast.Components.Systemd;

/// <summary>Units that are stopped together: those of a group, and what systemd would stop with them.</summary>
public sealed record StopWave(ServiceGroup Group, IReadOnlyList<UnitState> Units);

/// <summary>The units to stop, in order.</summary>
public sealed record StopOrder
{
    /// <summary>Timers, paths and automounts that would start units again; stopped first.</summary>
    public required IReadOnlyList<UnitState> Triggers { get; init; }

    /// <summary>Programs that are run once and that a trigger of the platform has started; they are waited for. They are in the waves too.</summary>
    public IReadOnlyList<UnitState> Jobs { get; init; } = [];

    /// <summary>One for each group that is to be stopped, in turn; some may be empty.</summary>
    public required IReadOnlyList<StopWave> Waves { get; init; }

    /// <summary>Units of the platform that do not run, and are not started afterwards.</summary>
    public required IReadOnlyList<string> Stay { get; init; }

    /// <summary>All units that are stopped.</summary>
    public IEnumerable<UnitState> Units => Triggers.Concat(Waves.SelectMany(wave => wave.Units));

    /// <summary>The start order of the stopped units, in reverse: the triggers come last.</summary>
    public StartOrder Reverse()
    {
        var waves = Waves.Reverse().Select(wave => Running(wave.Units)).Append(Running(Triggers)).Where(wave => wave.Count > 0);
        return new StartOrder
        {
            Waves = [.. waves],
            Unsteady = Units.Where(unit => unit.IsRestarting).Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal),
            Stay = Stay,
        };
    }

    /// <summary>A socket that is started after its service is refused, so sockets are in front here too.</summary>
    private static IReadOnlyList<string> Running(IReadOnlyList<UnitState> units) =>
        [.. units.Where(unit => unit.Runs).Reverse().OrderByDescending(unit => unit.IsSocket).Select(unit => unit.Id)];
}
