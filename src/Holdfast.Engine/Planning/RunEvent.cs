using System.Text.Json.Serialization;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Planning;

/// <summary>
/// Something that happened in a run. All but <see cref="StepProgress"/> go into the journal, one JSON object a line;
/// see docs/journal-format.md. Steps are numbered from 1, undos in the order of their registration, from 1.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(RunStarted), "run-started")]
[JsonDerivedType(typeof(StepStarted), "step-started")]
[JsonDerivedType(typeof(UndoRegistered), "owed")]
[JsonDerivedType(typeof(UndoCompleted), "settled")]
[JsonDerivedType(typeof(StepDone), "step-done")]
[JsonDerivedType(typeof(StepFailed), "step-failed")]
[JsonDerivedType(typeof(Warned), "warning")]
[JsonDerivedType(typeof(Noted), "note")]
[JsonDerivedType(typeof(PointMade), "point-made")]
[JsonDerivedType(typeof(UndoDone), "undo-done")]
[JsonDerivedType(typeof(UndoFailed), "undo-failed")]
[JsonDerivedType(typeof(RunEnded), "run-ended")]
public abstract record RunEvent
{
    public DateTimeOffset Time { get; init; }
}

/// <summary>
/// A run begins: its plan and its process. <paramref name="ProcessStarted"/> distinguishes the process from a later one
/// with the same number.
/// </summary>
public sealed record RunStarted(string Run, string Verb, string Platform, string Host, int Process, DateTimeOffset ProcessStarted, string Version, IReadOnlyList<PlannedStep> Plan) : RunEvent;

/// <summary>A step is about to act.</summary>
public sealed record StepStarted(int Step, string Name) : RunEvent;

/// <summary>An undo is pending from now on; the change that it rolls back comes after this line.</summary>
public sealed record UndoRegistered(int Step, int Owed, Undo Undo) : RunEvent;

/// <summary>
/// An undo is no longer pending: the change it guards is complete, or, after an <see cref="UndoFailed"/>, is lost.
/// </summary>
public sealed record UndoCompleted(int Owed) : RunEvent;

/// <summary>A step has succeeded. Bytes and items are the final values of its counters.</summary>
public sealed record StepDone(int Step, double Seconds, long Bytes, long Items) : RunEvent;

/// <summary>A step has failed; no further step is run.</summary>
public sealed record StepFailed(int Step, double Seconds, Problem Problem) : RunEvent;

/// <summary>A warning. Step 0 is the run itself.</summary>
public sealed record Warned(int Step, Problem Problem) : RunEvent;

/// <summary>A line for the log: what was done.</summary>
public sealed record Noted(int Step, string Text) : RunEvent;

/// <summary>
/// The run has made a recovery point. Unlike a note, the event never contains text from outside Holdfast: a later
/// restore uses it to determine which points were made on this machine.
/// </summary>
public sealed record PointMade(int Step, string Point) : RunEvent
{
    /// <summary>The sentence that reports the point to people.</summary>
    public static string Describe(string point) => $"The recovery point is {point}.";
}

/// <summary>A pending undo has been performed.</summary>
public sealed record UndoDone(int Owed) : RunEvent;

/// <summary>An undo has failed; it is still pending, unless it is completed next.</summary>
public sealed record UndoFailed(int Owed, Problem Problem) : RunEvent;

/// <summary>The run is over. <paramref name="StillOwed"/> counts the undos that failed: 'holdfast recover' tries them again.</summary>
public sealed record RunEnded(RunResult Result, int StillOwed, Problem? Problem) : RunEvent;

/// <summary>
/// The progress of a step, twice a second while it runs; never in the journal. Totals are 0 while unknown.
/// </summary>
public sealed record StepProgress(int Step, long BytesDone, long BytesTotal, long ItemsDone, long ItemsTotal) : RunEvent;

/// <summary>How a run ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunResult>))]
public enum RunResult
{
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Its process died; a later run has performed its pending undos.</summary>
    [JsonStringEnumMemberName("recovered")]
    Recovered,
}
