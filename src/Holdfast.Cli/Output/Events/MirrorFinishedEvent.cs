using Holdfast.Cli.Text;
using Holdfast.Restic.Copying;

namespace Holdfast.Cli.Output.Events;

/// <summary>The files of the repository are in a mirror, or would be.</summary>
/// <param name="Location">Where the mirror is.</param>
/// <param name="Files">Files of the repository, without locks.</param>
/// <param name="Copied">Those that the mirror lacked.</param>
/// <param name="BytesCopied">Their bytes.</param>
/// <param name="Surplus">Files that the mirror had and the repository has no more.</param>
/// <param name="Removed">Those were removed.</param>
internal sealed record MirrorFinishedEvent(
    string Location, long Files, long Copied, long BytesCopied, long Surplus, bool Removed) : OutputEvent
{
    public static MirrorFinishedEvent Of(string location, MirrorReport report) =>
        new(location, report.Files, report.Copied, report.BytesCopied, report.Surplus, report.Removed)
        {
            Bytes = report.Bytes, BytesSurplus = report.BytesSurplus, Damaged = report.Damaged,
        };

    /// <summary>Bytes of all files of the repository.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes of what the repository has no more.</summary>
    public required long BytesSurplus { get; init; }

    /// <summary>Paths of files that are damaged in the repository, and were not copied.</summary>
    public required IReadOnlyList<string> Damaged { get; init; }

    /// <summary>Nothing was changed: it was asked what would be.</summary>
    public bool Planned { get; init; }

    public double Seconds { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var (files, bytes) = (Amounts.Count(Copied, "file"), Amounts.Bytes(BytesCopied));
        var all = $"{Amounts.Count(Files, "file")} ({Amounts.Bytes(Bytes)})";
        yield return Planned
            ? $"{files} ({bytes}) of {all} would be copied to {Printable.Name(Location)}."
            : $"Copied {files} ({bytes}) to {Printable.Name(Location)}; it has all {all}.";
        if (Damaged.Count > 0) yield return $"  {style.Yellow($"but for {Amounts.Count(Damaged.Count, "file")}, see above")}";
        if (Surplus == 0) yield break;
        var surplus = $"{Amounts.Count(Surplus, "file")} ({Amounts.Bytes(BytesSurplus)}) that the repository has no more";
        yield return Removed ? $"  Removed {surplus}." : $"  It has {surplus}: --delete removes {(Surplus == 1 ? "it" : "them")}.";
    }
}
