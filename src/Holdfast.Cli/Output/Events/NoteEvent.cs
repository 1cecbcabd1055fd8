using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>What a step says of what it did: where something was moved to, say.</summary>
internal sealed record NoteEvent(string Text) : OutputEvent
{
    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style) => [$"      {style.Dim(Printable.Text(Text))}"];
}
