using Holdfast.Cli.Text;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Points;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// The numbers of the platform's units, and whether the platform was stopped by 'holdfast platform stop'.
/// </summary>
internal sealed record PlatformStatusEvent(string Platform, int Running, int Stopped, int Strays, int StalePidFiles) : OutputEvent
{
    /// <summary>The time of the last 'platform stop'; null when the platform was started since.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>The units that 'platform start' would start.</summary>
    public IReadOnlyList<string>? StoppedUnits { get; init; }

    public static PlatformStatusEvent Of(string platform, PlatformStatus status, StoppedPlatform? record)
    {
        var units = status.Groups.SelectMany(group => group.Units).ToList();
        var running = units.Count(unit => !unit.IsStopped);
        return new PlatformStatusEvent(platform, running, units.Count - running, status.LeftOver.Strays.Count, status.LeftOver.PidFiles.Count(file => file.Stale is not null))
        {
            StoppedAt = record?.Time,
            StoppedUnits = record is null ? null : [.. StartOrder.Parse(record.Units, record.Stay).Units],
        };
    }

    public override IEnumerable<string> Lines(Style style)
    {
        yield return $"Platform {Printable.Name(Platform)}: {Amounts.Count(Running, "unit runs", "units run")}, {Amounts.Count(Stopped, "is", "are")} stopped.";
        if (StoppedAt is { } time) yield return $"It was stopped at {Amounts.Time(time)}; 'holdfast platform start' starts {string.Join(", ", (StoppedUnits ?? []).Select(Printable.Name))}.";
    }
}
