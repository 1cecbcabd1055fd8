using Holdfast.Cli.Text;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Output.Events;

/// <summary>The result of a check of the repository.</summary>
internal sealed record CheckFinishedEvent(bool Clean, int Snapshots, long Packs, long PacksRead, long BytesRead, int Damages, IReadOnlyList<string> Hints) : OutputEvent
{
    public static CheckFinishedEvent Of(CheckReport report) => new(
        report.IsClean, report.Snapshots, report.Packs, report.PacksRead, report.BytesRead, report.Damages.Count, report.Hints);

    public double Seconds { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        foreach (var hint in Hints) yield return $"note: {Printable.Text(hint)}";
        var read = PacksRead > 0 ? $", {Amounts.Count(PacksRead, "pack")} read ({Amounts.Bytes(BytesRead)})" : "";
        var verdict = Clean ? style.Green("no damage found") : style.Red($"DAMAGED: {Amounts.Count(Damages, "finding")}");
        yield return $"Checked {Amounts.Count(Snapshots, "snapshot")} and {Amounts.Count(Packs, "pack")}{read} in {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}: {verdict}.";
    }
}
