using Holdfast.Cli.Text;
using Holdfast.Engine.Profiles;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// The programs, files and servers that a profile from a recovery point would make Holdfast run, read and connect to.
/// </summary>
internal sealed record ProfileReachEvent(
    string Point, string Host, string User, IReadOnlyList<string> Commands, IReadOnlyList<string> Reads, IReadOnlyList<string> Connections, IReadOnlyList<string> Users, IReadOnlyList<string> Units,
    IReadOnlyList<string> Files) : OutputEvent
{
    public static ProfileReachEvent Of(Snapshot point, ProfileReach reach) =>
        new(point.Id.ToString(), point.Hostname, point.Username, reach.Commands, reach.Reads, reach.Connections, reach.Users, reach.Units, reach.Files);

    public override IEnumerable<string> Lines(Style style)
    {
        yield return style.Bold($"The profile comes from recovery point {Point[..8]}, which {Printable.Text(User)} made on {Printable.Text(Host)}. On this machine it would:");
        foreach (var (verb, names) in new[] { ("run", Commands), ("read", Reads), ("connect to", Connections), ("act as", Users), ("stop and start", Units), ("write", Files) })
            foreach (var name in names) yield return $"  {style.Yellow(verb)} {Printable.Text(name)}";
    }
}
