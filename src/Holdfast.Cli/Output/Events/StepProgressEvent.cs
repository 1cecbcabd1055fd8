namespace Holdfast.Cli.Output.Events;

/// <summary>The progress of a step. Totals, and the figures that depend on them, are null while unknown.</summary>
internal sealed record StepProgressEvent(string Step, long BytesDone, long? BytesTotal, long ItemsDone, long? ItemsTotal) : OutputEvent
{
    public double? BytesPerSecond { get; init; }
    public double? SecondsLeft { get; init; }

    internal override bool IsAnswer => false;
}
