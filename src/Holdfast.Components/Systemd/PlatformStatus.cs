using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>The current status of the platform.</summary>
/// <param name="Groups">Its units, in the profile's order.</param>
/// <param name="Order">The order of a stop; null when it would be refused.</param>
/// <param name="LeftOver">Processes that belong to no unit, and PID files.</param>
/// <param name="Problems">Problems for display: names that match nothing, and reasons for which a stop would
/// fail.</param>
public sealed record PlatformStatus(IReadOnlyList<GroupUnits> Groups, StopOrder? Order, LeftOver LeftOver, IReadOnlyList<Problem> Problems)
{
    /// <summary>True when a stop with default options would stop the unit.</summary>
    public bool WouldStop(UnitState unit) => Order?.Units.Any(stopped => stopped.Id == unit.Id) ?? false;

    /// <summary>Units that are not in the profile and would be stopped too: timers, sockets, and what needs the others.</summary>
    public IEnumerable<UnitState> Tied => (Order?.Units ?? []).Where(unit => !Groups.Any(group => group.Units.Any(own => own.Id == unit.Id)));
}
