using Holdfast.Cli.Text;
using Holdfast.Engine.Retention;

namespace Holdfast.Cli.Output.Events;

/// <summary>Whether a recovery point stays, and why. The list is shown as a table, so it has no lines.</summary>
internal sealed record PointDecisionEvent(
    string Id, DateTimeOffset Taken, PointState State, bool Stays, IReadOnlyList<string> Reasons) : OutputEvent
{
    public static PointDecisionEvent Of(PointDecision decision) => new(
        decision.Point.Id.ToString(), decision.Point.Time.ToDateTimeOffset(), PointEvent.StateOf(decision.Point),
        decision.Stays, decision.Reasons);

    public static Table Table(IEnumerable<PointDecisionEvent> points)
    {
        var table = new Table("ID", "TAKEN", "STATE", "", "WHY");
        foreach (var point in points)
        {
            var state = point.State.ToString().ToLowerInvariant();
            var why = string.Join(", ", point.Reasons);
            table.Add(point.Id[..8], Amounts.Time(point.Taken), state, point.Stays ? "stays" : "goes", why);
        }
        return table;
    }
}
