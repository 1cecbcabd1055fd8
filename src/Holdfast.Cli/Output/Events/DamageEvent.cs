using Holdfast.Cli.Text;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Output.Events;

/// <summary>One thing that is wrong with the repository.</summary>
internal sealed record DamageEvent(string File, string Message, IReadOnlyList<string> Blobs, IReadOnlyList<AffectedEntry> Affected) : OutputEvent
{
    public static DamageEvent Of(Damage damage) => new(
        damage.File, damage.Message, [.. damage.Blobs.Select(blob => blob.ToString())],
        [.. damage.Affected.Select(path => new AffectedEntry(path.Snapshot.ToString(), path.Path))]);

    public override IEnumerable<string> Lines(Style style)
    {
        yield return $"{style.Bold(style.Red("damaged:"))} {Printable.Name(File)}: {Printable.Text(Message)}";
        foreach (var blob in Blobs) yield return $"  blob {blob}";
        foreach (var entry in Affected) yield return $"  needed by point {entry.Point[..8]}: {Printable.Name(entry.Path)}";
    }
}

/// <summary>A path of a recovery point that can no longer be restored whole.</summary>
internal sealed record AffectedEntry(string Point, string Path);
