namespace Holdfast.Cli.Output.Events;

/// <summary>Indices were "reindexed" or "migrated".</summary>
internal sealed record SearchFinishedEvent(string Done, string Platform, IReadOnlyList<string> Indices) : OutputEvent
{
    public int Warnings { get; init; }
    public double Seconds { get; init; }

    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style)
    {
        yield return "";
        yield return $"{Amounts.Count(Indices.Count, "index", "indices")} of platform {Printable.Name(Platform)} {style.Green(Done)}, {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}: {Printable.Text(string.Join(", ", Indices))}.";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
    }
}
