using Holdfast.Cli.Text;
using Holdfast.Engine.Planning;

namespace Holdfast.Cli.Output.Events;

/// <summary>The planned steps, before any of them is executed.</summary>
internal sealed record PlanEvent(string Verb, string Platform, IReadOnlyList<PlannedStep> Steps) : OutputEvent
{
    /// <summary>The options that limit what is done; null when all of it is.</summary>
    public string? Limits { get; init; }

    public static PlanEvent Of(Plan plan) =>
        new(plan.Verb, plan.Platform, [.. plan.Steps.Select(PlannedStep.Of)]);

    /// <summary>", limited to ..." behind the name of a platform; "" where nothing is limited.</summary>
    public static string LimitedTo(string? limits) => limits is null ? "" : $", limited to '{Printable.Text(limits)}'";

    public override IEnumerable<string> Lines(Style style)
    {
        yield return style.Bold($"Plan: {Verb} of platform {Printable.Name(Platform)}{LimitedTo(Limits)}, {Amounts.Count(Steps.Count, "step")}");
        var figures = Steps.Count.ToString().Length;
        foreach (var (index, step) in Steps.Index())
        {
            var sign = step.Destroys ? style.Yellow(" (replaces, moves or deletes what exists)") : "";
            yield return $"  {(index + 1).ToString().PadLeft(figures)}. {Printable.Text(step.Name)}{sign}";
            yield return $"  {new string(' ', figures)}  {style.Dim(Printable.Text(step.Does))}";
        }
    }
}
