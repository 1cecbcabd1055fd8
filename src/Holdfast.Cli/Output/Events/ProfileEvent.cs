using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>A profile that was read without mistakes.</summary>
internal sealed record ProfileEvent(string File, string Platform, IReadOnlyList<string> Components) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style) =>
        [$"Profile {Printable.Name(File)} is {style.Green("valid")}: platform {Printable.Name(Platform)}, components {string.Join(", ", Components.Select(Printable.Name))}."];
}
