using Holdfast.Cli.Text;
using Holdfast.Components.Systemd;

namespace Holdfast.Cli.Output.Events;

/// <summary>A file that holds the number of a process. <paramref name="Stale"/> says why it is in the way; null when its process runs.</summary>
internal sealed record PidFileEvent(string Path, int Process, string? Stale) : OutputEvent
{
    public static PidFileEvent Of(PidFile file) => new(file.Path, file.Process, file.Stale);

    public override IEnumerable<string> Lines(Style style) => Stale is null ? [] : [$"{style.Yellow("stale PID file")} {Printable.Name(Path)}: {Printable.Text(Stale)}"];
}
