using Holdfast.Cli.Text;
using Holdfast.Engine.Retention;

namespace Holdfast.Cli.Output.Events;

/// <summary>The points that the retention rules will keep if backups continue at the present interval.</summary>
/// <param name="Platform">The platform of the points.</param>
/// <param name="End">The time of the last backup of the simulation.</param>
/// <param name="IntervalSeconds">The time between two backups.</param>
/// <param name="Measured">The number of intervals that were measured; 0 when one day is assumed.</param>
/// <param name="Points">The number of remaining points.</param>
/// <param name="Most">The highest number of points at any time.</param>
internal sealed record SimulationFinishedEvent(
    string Platform, DateTimeOffset End, double IntervalSeconds, int Measured, int Points, int Most) : OutputEvent
{
    public static SimulationFinishedEvent Of(string platform, ForgetSimulation run) => new(
        platform, run.End.ToDateTimeOffset(), run.Interval.TotalSeconds, run.Measured, run.Left.Count, run.Most)
    {
        Oldest = run.Left.Count > 0 ? run.Left[0].Point.Time.ToDateTimeOffset() : null,
    };

    /// <summary>The oldest point that is left.</summary>
    public DateTimeOffset? Oldest { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var interval = Amounts.Duration(TimeSpan.FromSeconds(IntervalSeconds));
        var why = Measured > 0 ? $"the median of the newest {Measured} intervals" : "too few points tell how often";
        yield return $"With a backup of platform {Printable.Name(Platform)} every {interval} ({why}):";
        var oldest = Oldest is { } time ? $", the oldest of {Amounts.Time(time)}" : "";
        yield return $"  on {Amounts.Time(End)} there will be {Amounts.Count(Points, "recovery point")}{oldest}; {Most:N0} at most before.";
    }
}
