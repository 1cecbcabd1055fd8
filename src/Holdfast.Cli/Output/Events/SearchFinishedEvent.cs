using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>Indices were "reindexed" or "migrated"; none where only templates differed.</summary>
internal sealed record SearchFinishedEvent(string Done, string Platform, IReadOnlyList<string> Indices) : OutputEvent
{
    public int Warnings { get; init; }
    public double Seconds { get; init; }

    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style)
    {
        yield return "";
        var (what, which) = Indices.Count == 0 ? ("Templates", "") : (Amounts.Count(Indices.Count, "index", "indices"), $": {Printable.Text(string.Join(", ", Indices))}");
        yield return $"{what} of platform {Printable.Name(Platform)} {style.Green(Done)}, {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}{which}.";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
    }
}
