using Holdfast.Cli.Text;
using Holdfast.Engine.Retention;

namespace Holdfast.Cli.Output.Events;

/// <summary>Recovery points were removed, or would be.</summary>
/// <param name="Platform">Whose points.</param>
/// <param name="Removed">How many went, or would go.</param>
/// <param name="Kept">How many stay.</param>
/// <param name="Others">Snapshots of the platform with archived messages: they are never touched.</param>
internal sealed record ForgetFinishedEvent(string Platform, int Removed, int Kept, int Others) : OutputEvent
{
    public static ForgetFinishedEvent Of(string platform, ForgetPlan plan, int removed, int others) =>
        new(platform, removed, plan.Decisions.Count - removed, others);

    /// <summary>Nothing was removed: it was asked what would be.</summary>
    public bool Planned { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var points = $"{Amounts.Count(Removed, "recovery point")} of platform {Printable.Name(Platform)}";
        yield return $"{(Planned ? $"{points} would be removed" : $"Removed {points}")}, {Kept} {Stay(Kept)}.";
        if (Others == 0) yield break;
        var others = $"{Amounts.Count(Others, "snapshot")} with archived messages";
        yield return $"  {others} {Stay(Others)}: retention does not remove these.";
    }

    private static string Stay(int count) => count == 1 ? "stays" : "stay";
}
