using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>The service answers from now on.</summary>
internal sealed record ServeStartedEvent(string Socket, string Platform, IReadOnlyList<string> Clusters) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style) => [$"Serving WAL of {Printable.Text(string.Join(", ", Clusters))} at {Printable.Name(Socket)}."];
}
