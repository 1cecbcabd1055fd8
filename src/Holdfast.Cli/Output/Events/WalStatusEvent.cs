using Holdfast.Cli.Text;
using Holdfast.Components.Postgres.ArchiveSetup;

namespace Holdfast.Cli.Output.Events;

/// <summary>The status of a cluster's archive.</summary>
internal sealed record WalStatusEvent(string Cluster, ulong? System, int SegmentSize, IReadOnlyList<WalRangeStatus> Ranges, IReadOnlyList<WalGapStatus> Gaps) : OutputEvent
{
    public DateTimeOffset? NewestTime { get; init; }
    public string? Newest { get; init; }
    public string? Restorable { get; init; }
    public int Snapshots { get; init; }
    public string? ArchiveMode { get; init; }
    public string? Current { get; init; }
    public long? Behind { get; init; }
    public int? Ready { get; init; }
    public DateTimeOffset? Archived { get; init; }
    public DateTimeOffset? Failed { get; init; }

    public static WalStatusEvent Of(WalStatus status) => new(status.Cluster, status.System, status.SegmentSize, status.Ranges, status.Gaps)
    {
        NewestTime = status.NewestTime, Newest = status.Newest, Restorable = status.Restorable, Snapshots = status.Snapshots, ArchiveMode = status.ArchiveMode, Current = status.Current,
        Behind = status.Behind, Ready = status.Ready, Archived = status.Archived, Failed = status.Failed,
    };

    public override IEnumerable<string> Lines(Style style)
    {
        yield return style.Bold($"Cluster {Printable.Text(Cluster)}") + (System is null ? "" : style.Dim($"  system identifier {System}"));
        if (Ranges.Count == 0) yield return "  nothing is archived";
        foreach (var range in Ranges)
            yield return $"  timeline {range.Timeline}   {range.First} to {range.Last}  {Amounts.Count(range.Segments, "segment")}, {Amounts.Bytes(range.Segments * SegmentSize)}";
        foreach (var gap in Gaps)
            yield return $"  {(gap.Matters ? style.Red("missing") : "missing")}      {gap.First} to {gap.Last}  {Amounts.Count(gap.Segments, "segment")}{(gap.Matters ? "" : ", but a recovery point begins anew behind it")}";
        if (NewestTime is { } time) yield return $"  restorable   to {Amounts.Time(time.ToLocalTime())}, the end of the last transaction {(Restorable == Newest ? "in the archive" : $"up to {Restorable}; what follows cannot be replayed")}";
        else if (Restorable is { } last) yield return $"  restorable   to the end of {last}{(last == Newest ? "" : "; what follows cannot be replayed")}";
        else if (Ranges.Count > 0) yield return $"  restorable   {style.Red("nothing")}: no recovery point holds files of the cluster that this WAL could be replayed on";
        if (ArchiveMode is { } mode)
            yield return $"  server       archive_mode {mode}, writes {Current ?? "nothing (a standby)"}; {Amounts.Count(Behind ?? 0, "finished segment")} not archived, {Ready} in its queue";
        if (Archived is { } archived) yield return $"  archived     last at {Amounts.Time(archived.ToLocalTime())}{(Failed is { } failed ? $", failed last at {Amounts.Time(failed.ToLocalTime())}" : "")}";
    }
}
