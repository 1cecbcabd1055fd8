using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// A text that was asked for, as it is: the schema of profiles, the completions of a shell, the profile of a recovery point, which somebody else may
/// have written. Only a terminal gets what could command it as escapes.
/// </summary>
internal sealed record DocumentEvent(string Name, string Text) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style)
    {
        var text = Text.TrimEnd('\n');
        return [style.OnTerminal ? Printable.Document(text) : text];
    }
}
