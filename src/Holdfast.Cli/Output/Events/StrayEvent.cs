using Holdfast.Cli.Text;
using Holdfast.Components.Systemd;

namespace Holdfast.Cli.Output.Events;

/// <summary>A process of the platform that no unit accounts for.</summary>
internal sealed record StrayEvent(int Process, string CommandLine, string Reason) : OutputEvent
{
    public static StrayEvent Of(Stray stray) => new(stray.Process.Id, stray.Process.CommandLine, stray.Reason);

    public override IEnumerable<string> Lines(Style style) => [$"{style.Yellow("stray process")} {Process}: {Printable.Text(CommandLine)} ({Printable.Text(Reason)})"];
}
