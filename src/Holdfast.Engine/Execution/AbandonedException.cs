namespace Holdfast.Engine.Execution;

/// <summary>Work did not end although it was cancelled, so it was left behind.</summary>
internal sealed class AbandonedException() : OperationCanceledException("It did not end although it was cancelled.");
