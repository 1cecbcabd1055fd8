using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>The platform is stopped until it is started explicitly.</summary>
internal sealed record PlatformStoppedEvent(string Platform, IReadOnlyList<string> Units, int Warnings, double Seconds) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style)
    {
        yield return "";
        yield return Units.Count == 0
            ? $"Nothing of platform {Printable.Name(Platform)} ran."
            : $"Platform {Printable.Name(Platform)} is {style.Green("stopped")}: {Amounts.Count(Units.Count, "unit")} in {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}. Start it again with 'holdfast platform start'.";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
    }
}
