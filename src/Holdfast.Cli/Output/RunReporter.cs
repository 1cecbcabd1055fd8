using Holdfast.Cli.Output.Events;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Output;

/// <summary>Prints the events of a run of the engine. The engine calls it from one thread at a time.</summary>
internal sealed class RunReporter(IOutput output, TimeProvider clock) : IRunObserver
{
    private readonly Dictionary<int, Undo> _owed = [];
    private readonly HashSet<Problem> _warned = new(ReferenceEqualityComparer.Instance);
    private IReadOnlyList<PlannedStep> _plan = [];
    private StepMeter _meter = new("", clock);

    /// <summary>The options that limit what the run does; null when all of it is done.</summary>
    public string? Limits { get; init; }

    /// <summary>Bytes of all steps that have ended.</summary>
    public long Bytes { get; private set; }

    /// <summary>Items of all steps that have ended.</summary>
    public long Items { get; private set; }

    /// <summary>The number of steps that have succeeded.</summary>
    public int Steps { get; private set; }

    public void OnEvent(RunEvent happened)
    {
        switch (happened)
        {
            case RunStarted run: Start(run); break;
            case StepStarted step: Start(step); break;
            case StepProgress progress: output.Report(_meter.Sample(progress.BytesDone, progress.BytesTotal, progress.ItemsDone, progress.ItemsTotal)); break;
            case StepDone step: End(step); break;
            case StepFailed step: output.Report(new StepFinishedEvent(Name(step.Step), StepOutcome.Failed, 0, 0, step.Seconds)); break;
            case Warned warned when !_warned.Add(warned.Problem): break; // printed before, and repeated for the journal
            case Warned warned: output.Report(ProblemEvent.Warning(warned.Problem)); break;
            case Noted noted: output.Report(new NoteEvent(noted.Text)); break;
            case PointMade made: output.Report(new NoteEvent(PointMade.Describe(made.Point))); break;
            case UndoRegistered owed: _owed[owed.Owed] = owed.Undo; break;
            case UndoDone undone: Report(undone); break;
            case UndoFailed failed: output.Report(ProblemEvent.Warning(failed.Problem)); break;
            default: break; // the summary reports the end of the run
        }
    }

    private void Start(RunStarted run)
    {
        _plan = run.Plan;
        output.Report(new RunStartedEvent(run.Run, run.Verb, run.Platform, [.. run.Plan.Select(step => step.Name)]) { Limits = Limits });
    }

    private void Start(StepStarted step)
    {
        _meter = new StepMeter(step.Name, clock);
        output.Report(new StepStartedEvent(step.Name, step.Step, _plan.Count, _plan[step.Step - 1].Component));
    }

    /// <summary>
    /// Prints a completed undo of this run. Undos of an interrupted run were reported to the observer of that run.
    /// </summary>
    private void Report(UndoDone undone)
    {
        if (_owed.TryGetValue(undone.Owed, out var undo)) output.Report(new NoteEvent($"Undone: {undo.Does}"));
    }

    private void End(StepDone step)
    {
        Bytes += step.Bytes;
        Items += step.Items;
        Steps++;
        output.Report(new StepFinishedEvent(Name(step.Step), StepOutcome.Done, step.Bytes, step.Items, step.Seconds));
    }

    private string Name(int step) => _plan[step - 1].Name;
}
