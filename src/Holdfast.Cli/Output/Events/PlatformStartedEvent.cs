using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>The platform runs. <paramref name="Recorded"/>: what 'platform stop' had stopped; otherwise what is enabled.</summary>
internal sealed record PlatformStartedEvent(string Platform, IReadOnlyList<string> Units, bool Recorded, int Warnings, double Seconds) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style)
    {
        var which = Recorded ? "what 'platform stop' had stopped" : "what is enabled, because nothing was recorded";
        yield return "";
        yield return $"Platform {Printable.Name(Platform)} is {style.Green("started")}: {Amounts.Count(Units.Count, "unit")} ({which}) in {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}.";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
    }
}
