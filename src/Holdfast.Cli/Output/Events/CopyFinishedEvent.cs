using Holdfast.Cli.Text;
using Holdfast.Engine.Copies;

namespace Holdfast.Cli.Output.Events;

/// <summary>A copy of the repository was brought up to date, or would be.</summary>
/// <param name="Location">Where the copy is.</param>
/// <param name="Points">Recovery points that were copied.</param>
/// <param name="Wal">Snapshots of archived WAL that were copied.</param>
/// <param name="Messages">Archives of messages that were copied.</param>
/// <param name="Others">Snapshots of other programs that were copied.</param>
/// <param name="Present">Snapshots that the copy had already.</param>
/// <param name="Uncopied">Snapshots that were not copied; a problem says of each why.</param>
/// <param name="Removed">Recovery points that its rules keep no longer.</param>
/// <param name="Merged">Snapshots of WAL that a newer one holds.</param>
internal sealed record CopyFinishedEvent(
    string Location, int Points, int Wal, int Messages, int Others, int Present, int Uncopied, int Removed, int Merged)
    : OutputEvent
{
    public static CopyFinishedEvent Of(string location, CopyOutcome outcome)
    {
        var (report, points, wal, messages) = (outcome.Report, outcome.Points, outcome.Wal, outcome.Messages);
        var (others, uncopied) = (report.Copied.Count - points - wal - messages, report.Uncopied.Count);
        return new(location, points, wal, messages, others, report.Present, uncopied, outcome.Removed, outcome.Merged)
        {
            Blobs = report.Blobs, BytesRead = report.BytesRead, BytesWritten = report.BytesWritten,
            PacksVerified = report.PacksVerified,
        };
    }

    /// <summary>
    /// The number of blobs that the copy lacked; <see cref="BytesRead"/> is their size as the source stores them.
    /// </summary>
    public required long Blobs { get; init; }
    public required long BytesRead { get; init; }

    /// <summary>Bytes of new packs in the copy.</summary>
    public required long BytesWritten { get; init; }

    /// <summary>Packs that were read back from the copy.</summary>
    public required long PacksVerified { get; init; }

    /// <summary>Nothing was changed: it was asked what would be.</summary>
    public bool Planned { get; init; }

    public double Seconds { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var place = Printable.Name(Location);
        if (Points + Wal + Messages + Others + Uncopied == 0)
        {
            yield return $"The copy {place} has all {Amounts.Count(Present, "snapshot")} already.";
        }
        else
        {
            var bytes = $"{Amounts.Bytes(BytesRead)} in {Amounts.Count(Blobs, "blob")}";
            yield return Planned ? $"{Copied} would be copied to {place}: {bytes}." : $"Copied {Copied} to {place}: {bytes}.";
            var packs = $"{Amounts.Count(PacksVerified, "pack")} ({Amounts.Bytes(BytesWritten)}) read back";
            if (!Planned) yield return $"  {packs}; {Amounts.Count(Present, "snapshot")} there already.";
        }
        var (left, gone) = (Amounts.Count(Uncopied, "snapshot"), Amounts.Count(Removed, "recovery point"));
        if (Uncopied > 0) yield return $"  {style.Yellow($"{left} {(Planned ? "cannot be" : "not")} copied, see above")}";
        if (Removed > 0) yield return $"  {gone} {(Planned ? "would be removed" : "removed")} from the copy by its rules.";
        if (Merged > 0) yield return $"  {Amounts.Count(Merged, "snapshot")} of WAL removed from the copy: a newer one has it all.";
    }

    private string Copied => string.Join(" and ", new[]
    {
        Points > 0 ? Amounts.Count(Points, "recovery point") : "",
        Wal > 0 ? $"{Amounts.Count(Wal, "snapshot")} of WAL" : "",
        Messages > 0 ? Amounts.Count(Messages, "archive of messages", "archives of messages") : "",
        Others > 0 ? $"{Amounts.Count(Others, "snapshot")} of other programs" : "",
    }.Where(part => part.Length > 0).DefaultIfEmpty("Nothing"));
}
