using Holdfast.Cli.Text;
using Holdfast.Components.Systemd;

namespace Holdfast.Cli.Output.Events;

/// <summary>One unit of the platform. The list is shown as a table, so it has no lines of its own.</summary>
internal sealed record UnitEvent(string Name, string? Group, string ActiveState, string SubState, string UnitFileState, int? MainPid, bool Stops, IReadOnlyList<string> TriggeredBy) : OutputEvent
{
    /// <summary>The units of the profile in its order, then those that systemd ties to them.</summary>
    public static IReadOnlyList<UnitEvent> Of(PlatformStatus status) =>
    [
        .. status.Groups.SelectMany(group => group.Units.Select(unit => Of(unit, group.Group.Name, status.WouldStop(unit)))),
        .. status.Tied.Select(unit => Of(unit, null, stops: true)),
    ];

    public static Table Table(IEnumerable<UnitEvent> units)
    {
        var table = new Table("GROUP", "UNIT", "STATE", "ENABLED", "STOPPED BY 'platform stop'", "STARTED BY");
        foreach (var unit in units)
            table.Add(unit.Group ?? "(tied)", unit.Name, $"{unit.ActiveState} ({unit.SubState})", unit.UnitFileState, unit.Stops ? "yes" : "no", string.Join(", ", unit.TriggeredBy));
        return table;
    }

    private static UnitEvent Of(UnitState unit, string? group, bool stops) =>
        new(unit.Id, group, unit.ActiveState, unit.SubState, unit.UnitFileState, unit.MainPid > 0 ? unit.MainPid : null, stops, unit.TriggeredBy);
}
