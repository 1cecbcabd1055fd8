using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// A text that was requested, printed unchanged: the schema of profiles, the completions of a shell, the profile of a
/// recovery point, which another user may have written. Only on a terminal are control characters escaped.
/// </summary>
internal sealed record DocumentEvent(string Name, string Text) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style)
    {
        var text = Text.TrimEnd('\n');
        return [style.OnTerminal ? Printable.Document(text) : text];
    }
}
