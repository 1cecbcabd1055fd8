using Holdfast.Cli.Text;
using Holdfast.Components.Postgres.Retention;

namespace Holdfast.Cli.Output.Events;

/// <summary>The retention of a cluster's archived WAL, and the ranges in which any instant can be restored.</summary>
internal sealed record WalRetentionEvent(
    string Cluster, ulong System, int Removed, int Kept, long BytesRemoved,
    IReadOnlyList<RestorableSpan> Before, IReadOnlyList<RestorableSpan> After) : OutputEvent
{
    /// <summary>The first and the last name of the files that go.</summary>
    public string? FirstRemoved { get; init; }
    public string? LastRemoved { get; init; }

    /// <summary>Nothing was removed: it was asked what would be.</summary>
    public bool Planned { get; init; }

    public static WalRetentionEvent Of(WalRetentionStatus status) => new(
        status.Cluster, status.System, status.Removed, status.Kept, status.BytesRemoved, status.Before, status.After)
    {
        FirstRemoved = status.FirstRemoved, LastRemoved = status.LastRemoved,
    };

    public override IEnumerable<string> Lines(Style style)
    {
        yield return style.Bold($"Cluster {Printable.Text(Cluster)}") + style.Dim($"  system identifier {System}");
        yield return $"  {Amounts.Count(Kept, "file")} of the WAL archive {(Kept == 1 ? "stays" : "stay")}{Removal}";
        var isSame = Before.SequenceEqual(After);
        if (!isSame)
            foreach (var line in Spans(Before, "before")) yield return line;
        foreach (var line in Spans(After, isSame ? "" : "after")) yield return line;
    }

    private string Removal => Removed == 0 ? ""
        : $", {Removed} {(Planned ? "would be" : "were")} removed: " +
            $"{FirstRemoved} to {LastRemoved}, {Amounts.Bytes(BytesRemoved)}";

    private static IEnumerable<string> Spans(IReadOnlyList<RestorableSpan> spans, string when)
    {
        var label = when.Length > 0 ? $"any instant, {when}" : "any instant";
        if (spans.Count == 0) yield return $"  {label}: none; recovery points can be restored to their marks";
        foreach (var span in spans)
        {
            var end = span.To is { } to ? Amounts.Time(to.ToLocalTime()) : $"the end of {span.Last}";
            yield return $"  {label}: from {Amounts.Time(span.From.ToLocalTime())} to {end}, timeline {span.Timeline}";
        }
    }
}
