namespace Holdfast.Cli.Output.Events;

/// <summary>A step has begun. <paramref name="Number"/> is 1-based.</summary>
internal sealed record StepStartedEvent(string Step, int Number, int Steps, string? Component) : OutputEvent
{
    internal override bool IsAnswer => false;
}
