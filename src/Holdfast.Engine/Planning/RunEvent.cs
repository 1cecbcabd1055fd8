using System.Text.Json.Serialization;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Planning;

/// <summary>
/// Something that happened in a run. All but <see cref="StepProgress"/> go into the journal, one JSON object a line; see
/// docs/journal-format.md. Steps are numbered from 1, undos by the order in which they were owed, from 1.
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

/// <summary>A run begins: what it will do, and the process that does it. <paramref name="ProcessStarted"/> tells it from a later one of the same number.</summary>
public sealed record RunStarted(string Run, string Verb, string Platform, string Host, int Process, DateTimeOffset ProcessStarted, string Version, IReadOnlyList<PlannedStep> Plan) : RunEvent;

/// <summary>A step is about to act.</summary>
public sealed record StepStarted(int Step, string Name) : RunEvent;

/// <summary>An undo is owed from now on; what it would undo comes after this line.</summary>
public sealed record UndoRegistered(int Step, int Owed, Undo Undo) : RunEvent;

/// <summary>An undo is no longer owed: what it would have undone is complete, or, after an <see cref="UndoFailed"/>, is lost.</summary>
public sealed record UndoCompleted(int Owed) : RunEvent;

/// <summary>A step has succeeded. Bytes and items are what its counters said at the end.</summary>
public sealed record StepDone(int Step, double Seconds, long Bytes, long Items) : RunEvent;

/// <summary>A step has failed; the run goes no further.</summary>
public sealed record StepFailed(int Step, double Seconds, Problem Problem) : RunEvent;

/// <summary>Something a person should know. Step 0 is the run itself.</summary>
public sealed record Warned(int Step, Problem Problem) : RunEvent;

/// <summary>What was done, for the log.</summary>
public sealed record Noted(int Step, string Text) : RunEvent;

/// <summary>The run has made a recovery point. No text of others gets into it, as into a note: by it a later restore knows which points are of this machine.</summary>
public sealed record PointMade(int Step, string Point) : RunEvent
{
    /// <summary>For a person.</summary>
    public static string Describe(string point) => $"The recovery point is {point}.";
}

/// <summary>An undo that was owed has been done.</summary>
public sealed record UndoDone(int Owed) : RunEvent;

/// <summary>An undo has failed; it is still owed, unless it is settled next.</summary>
public sealed record UndoFailed(int Owed, Problem Problem) : RunEvent;

/// <summary>The run is over. <paramref name="StillOwed"/> counts the undos that failed: 'holdfast recover' tries them again.</summary>
public sealed record RunEnded(RunResult Result, int StillOwed, Problem? Problem) : RunEvent;

/// <summary>How far a step has come, twice a second while it runs; never in the journal. Totals are 0 while unknown.</summary>
public sealed record StepProgress(int Step, long BytesDone, long BytesTotal, long ItemsDone, long ItemsTotal) : RunEvent;

/// <summary>How a run ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunResult>))]
public enum RunResult
{
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Its process died; a later one has done what was owed.</summary>
    [JsonStringEnumMemberName("recovered")]
    Recovered,
}
