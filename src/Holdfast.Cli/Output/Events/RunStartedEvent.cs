namespace Holdfast.Cli.Output.Events;

/// <summary>A run has begun; its id names it in the journal.</summary>
internal sealed record RunStartedEvent(string RunId, string Verb, string Platform, int Steps) : OutputEvent
{
    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style) =>
        [$"{style.Bold($"{char.ToUpperInvariant(Verb[0])}{Verb[1..]}")} of platform {Printable.Name(Platform)} {style.Dim($"(run {Printable.Text(RunId)})")}"];
}
