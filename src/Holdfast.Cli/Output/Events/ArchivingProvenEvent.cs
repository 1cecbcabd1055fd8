using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>A segment has gone all the way from the server to the repository.</summary>
internal sealed record ArchivingProvenEvent(string Cluster, string Segment, double Seconds) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style) =>
        [$"{style.Done} Archiving of {Printable.Text(Cluster)} works: segment {Segment} was in the repository after {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}."];
}
