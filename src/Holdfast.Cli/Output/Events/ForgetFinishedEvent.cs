using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>Recovery points were removed, or would be.</summary>
/// <param name="Platform">Whose points.</param>
/// <param name="Removed">How many went, or would go.</param>
/// <param name="Kept">How many stay.</param>
/// <param name="Archives">How many archives of messages went, or would go.</param>
/// <param name="Others">How many of these stay.</param>
internal sealed record ForgetFinishedEvent(string Platform, int Removed, int Kept, int Archives, int Others) : OutputEvent
{
    /// <summary>Nothing was removed: it was asked what would be.</summary>
    public bool Planned { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var points = $"{Amounts.Count(Removed, "recovery point")} of platform {Printable.Name(Platform)}";
        yield return $"{(Planned ? $"{points} would be removed" : $"Removed {points}")}, {Kept} {Stay(Kept)}.";
        if (Archives + Others == 0) yield break;
        var archives = Amounts.Count(Archives, "archive of messages", "archives of messages");
        var gone = Planned ? $"{archives} would be removed" : $"Removed {archives}";
        yield return $"  {(Archives > 0 ? $"{gone}, {Others} {Stay(Others)}" : $"All {Others} archives of messages stay")}.";
    }

    private static string Stay(int count) => count == 1 ? "stays" : "stay";
}
