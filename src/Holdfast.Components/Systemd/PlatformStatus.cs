using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>How the platform is now.</summary>
/// <param name="Groups">Its units, in the profile's order.</param>
/// <param name="Order">What a stop would stop; null when it would be refused.</param>
/// <param name="LeftOver">Processes that no unit accounts for, and PID files.</param>
/// <param name="Problems">What a person should know: names that fit nothing, what would make a stop fail.</param>
public sealed record PlatformStatus(IReadOnlyList<GroupUnits> Groups, StopOrder? Order, LeftOver LeftOver, IReadOnlyList<Problem> Problems)
{
    /// <summary>True when a stop without further wishes would stop the unit.</summary>
    public bool WouldStop(UnitState unit) => Order?.Units.Any(stopped => stopped.Id == unit.Id) ?? false;

    /// <summary>Units that are not in the profile and would be stopped too: timers, sockets, and what needs the others.</summary>
    public IEnumerable<UnitState> Tied => (Order?.Units ?? []).Where(unit => !Groups.Any(group => group.Units.Any(own => own.Id == unit.Id)));
}
