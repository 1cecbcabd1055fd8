using Holdfast.Cli.Text;
using Holdfast.Engine.Retention;

namespace Holdfast.Cli.Output.Events;

/// <summary>A recovery point that a simulation leaves. The list is shown as a table, so it has no lines.</summary>
/// <param name="Taken">When it was, or will be, taken.</param>
/// <param name="Reasons">Why it stays.</param>
internal sealed record SimulatedPointEvent(DateTimeOffset Taken, IReadOnlyList<string> Reasons) : OutputEvent
{
    /// <summary>Its id; null of one that is still to come.</summary>
    public string? Id { get; init; }

    public static SimulatedPointEvent Of(PointDecision left) =>
        new(left.Point.Time.ToDateTimeOffset(), left.Reasons)
        {
            Id = ForgetSimulation.IsToCome(left.Point) ? null : left.Point.Id.ToString(),
        };

    public static Table Table(IEnumerable<SimulatedPointEvent> points)
    {
        var table = new Table("ID", "TAKEN", "WHY IT STAYS");
        foreach (var point in points)
            table.Add(point.Id?[..8] ?? "to come", Amounts.Time(point.Taken), string.Join(", ", point.Reasons));
        return table;
    }
}
