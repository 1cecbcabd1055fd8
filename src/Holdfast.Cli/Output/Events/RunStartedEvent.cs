using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>A run has begun; its id names it in the journal. <paramref name="Plan"/> names its steps.</summary>
internal sealed record RunStartedEvent(string RunId, string Verb, string Platform, IReadOnlyList<string> Plan) : OutputEvent
{
    /// <summary>The options that limit what is done; null when all of it is.</summary>
    public string? Limits { get; init; }

    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style)
    {
        var verb = char.ToUpperInvariant(Verb[0]) + Verb[1..];
        yield return $"{style.Bold(verb)} of platform {Printable.Name(Platform)}{(Limits is null ? "" : $"{PlanEvent.LimitedTo(Limits)},")} in {Amounts.Count(Plan.Count, "step")} {style.Dim($"(run {Printable.Text(RunId)})")}";
    }
}
