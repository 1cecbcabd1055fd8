namespace Holdfast.Cli.Output.Events;

/// <summary>A text of ours that was asked for, as it is: the schema of profiles, the completions of a shell.</summary>
internal sealed record DocumentEvent(string Name, string Text) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style) => [Text.TrimEnd('\n')];
}
