using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// Messages were "archived", "restored" or "deleted". <paramref name="Messages"/> counts the messages that were
/// processed.
/// </summary>
internal sealed record QueuesFinishedEvent(string Done, string Platform, long Messages) : OutputEvent
{
    /// <summary>The snapshot that has them; null when they were deleted.</summary>
    public string? Archive { get; init; }
    public int Warnings { get; init; }
    public double Seconds { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var archive = Archive is null ? "" : Done == "archived" ? $" in {style.Bold(Archive[..8])}" : $" from {style.Bold(Archive[..8])}";
        yield return "";
        yield return $"{Amounts.Count(Messages, "message")} of platform {Printable.Name(Platform)} {style.Green(Done)}{archive}, {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}.";
        if (Done == "archived") yield return $"  put them back with: holdfast queues restore {Archive?[..8]}";
        if (Warnings > 0) yield return $"  {style.Yellow(Amounts.Count(Warnings, "warning"))}, above, each with what to do";
    }
}
