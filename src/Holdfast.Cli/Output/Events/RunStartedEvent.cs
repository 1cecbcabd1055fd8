namespace Holdfast.Cli.Output.Events;

/// <summary>A run has begun; its id names it in the journal. <paramref name="Plan"/> names its steps.</summary>
internal sealed record RunStartedEvent(string RunId, string Verb, string Platform, IReadOnlyList<string> Plan) : OutputEvent
{
    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style)
    {
        var verb = char.ToUpperInvariant(Verb[0]) + Verb[1..];
        yield return $"{style.Bold(verb)} of platform {Printable.Name(Platform)} in {Amounts.Count(Plan.Count, "step")} {style.Dim($"(run {Printable.Text(RunId)})")}";
    }
}
