namespace Holdfast.Components.Systemd;

/// <summary>The units of this machine that a group of the profile names.</summary>
public sealed record GroupUnits(ServiceGroup Group, IReadOnlyList<UnitState> Units)
{
    /// <summary>Names and patterns that fit nothing here.</summary>
    public IReadOnlyList<string> Unmatched { get; init; } = [];
}
