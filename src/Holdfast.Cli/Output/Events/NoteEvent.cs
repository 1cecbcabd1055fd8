using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>A note of a step about what it did, such as where an object was moved.</summary>
internal sealed record NoteEvent(string Text) : OutputEvent
{
    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style) => [$"      {style.Dim(Printable.Text(Text))}"];
}
