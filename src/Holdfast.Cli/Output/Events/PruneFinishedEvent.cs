using Holdfast.Cli.Text;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Output.Events;

/// <summary>Data that no snapshot needs was removed, or would be. Sizes are stored bytes.</summary>
/// <param name="Snapshots">The number of snapshots in the repository.</param>
/// <param name="UsedBytes">The bytes that they need.</param>
/// <param name="UnusedBytes">The bytes that they did not need, before.</param>
/// <param name="UnusedLeft">The part of those that stays.</param>
/// <param name="PacksRemoved">Packs without any needed blob.</param>
/// <param name="PacksRepacked">Packs whose needed blobs were written again.</param>
/// <param name="BytesFreed">The decrease in the size of the repository.</param>
internal sealed record PruneFinishedEvent(
    int Snapshots, long UsedBytes, long UnusedBytes, long UnusedLeft, int PacksRemoved, int PacksRepacked, long BytesFreed) : OutputEvent
{
    public static PruneFinishedEvent Of(PruneReport report) => new(
        report.Snapshots, report.UsedBytes, report.UnusedBytes, report.UnusedLeft, report.PacksRemoved, report.PacksRepacked,
        report.BytesFreed);

    /// <summary>Nothing was removed: it was asked what would be.</summary>
    public bool Planned { get; init; }

    public double Seconds { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var used = $"{Amounts.Count(Snapshots, "snapshot")} {(Snapshots == 1 ? "needs" : "need")} {Amounts.Bytes(UsedBytes)}";
        yield return $"{used}; {Amounts.Bytes(UnusedBytes)} {(Planned ? "are" : "were")} unused.";
        if (PacksRemoved + PacksRepacked == 0)
        {
            yield return $"Nothing {(Planned ? "would be" : "was")} removed.";
            yield break;
        }
        var (removed, repacked) = (Amounts.Count(PacksRemoved, "pack"), Amounts.Count(PacksRepacked, "pack"));
        yield return Planned
            ? $"{removed} would be removed, {repacked} written again: about {Amounts.Bytes(BytesFreed)} would be freed."
            : $"Removed {removed}, wrote {repacked} again: {Amounts.Bytes(BytesFreed)} freed, {Amounts.Bytes(UnusedLeft)} left unused.";
    }
}
