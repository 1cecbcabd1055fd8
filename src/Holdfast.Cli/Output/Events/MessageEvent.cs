using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>A sentence about what was done or what comes next.</summary>
internal sealed record MessageEvent(string Text) : OutputEvent
{
    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style) => [Printable.Text(Text)];
}
