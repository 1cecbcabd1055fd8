using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>
/// Runs a plan. Before a step acts, its intent and its undo are on disk; after it, its outcome. The first step that
/// fails ends the run, and the pending undos are rolled back in reverse order, whatever stopped the run. A step that
/// does not end after its cancellation is left behind.
/// </summary>
internal sealed class Executor(string run, RunLog log, PendingUndos owed, Interruption interruption, TimeProvider clock)
{
    /// <summary>The interval at which progress is reported: twice a second.</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(500);

    /// <summary>How many steps are complete.</summary>
    private int _done;

    public async Task<RunOutcome> RunAsync(RunStarted started, Plan plan, IReadOnlyList<Problem> found)
    {
        var began = clock.GetTimestamp();
        var problem = await TryStepsAsync(started, plan, found);
        if (problem?.Code == Catalogue.RunInterrupted.Code) problem = InterruptedRun.Describe(problem, plan, _done, owed.Steps);
        var undoFailures = problem is null ? [] : await owed.UndoAllAsync();
        if (problem is not null) log.AppendIfPossible(new RunEnded(RunResult.Failed, owed.Count, problem));
        return new RunOutcome(run, problem, log.Warnings, undoFailures, clock.GetElapsedTime(began));
    }

    private async Task<Problem?> TryStepsAsync(RunStarted started, Plan plan, IReadOnlyList<Problem> found)
    {
        try
        {
            log.Append(started);
            foreach (var warning in found) log.Append(new Warned(0, warning));
            for (var i = 0; i < plan.Steps.Count; i++) await RunStepAsync(i + 1, plan.Steps[i]);
            // The run succeeds only once that is on disk: otherwise recovery would roll back completed work.
            log.Append(new RunEnded(RunResult.Succeeded, 0, null));
            return null;
        }
        catch (ProblemException failure)
        {
            return failure.Problem;
        }
    }

    private async Task RunStepAsync(int number, Step step)
    {
        if (interruption.IsRequested) throw new ProblemException(interruption.Reason);
        var running = new RunningStep(run, number, log, owed);
        var began = clock.GetTimestamp();
        log.Append(new StepStarted(number, step.Name));
        if (step.Undo is not null) owed.Owe(number, step.Undo);
        try
        {
            await ActAsync(step, running);
        }
        catch (ProblemException failure)
        {
            log.AppendIfPossible(new StepFailed(number, clock.GetElapsedTime(began).TotalSeconds, failure.Problem));
            throw;
        }
        if (step.Undo is not null) owed.Settle(step.Undo);
        var end = running.Progress();
        log.Append(new StepDone(number, clock.GetElapsedTime(began).TotalSeconds, end.BytesDone, end.ItemsDone));
        _done = number;
    }

    private async Task ActAsync(Step step, RunningStep running)
    {
        using var deadline = new CancellationTokenSource(step.Deadline ?? Timeout.InfiniteTimeSpan, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(interruption.Token, deadline.Token);
        await using var ticker = clock.CreateTimer(_ => log.Show(running.Progress()), null, _tick, _tick);
        try
        {
            await Abandonable.RunAsync(() => step.Act(running, either.Token), clock, either.Token);
        }
        catch (Exception failure)
        {
            if (failure is AbandonedException) running.Abandon(Abandoned(step));
            throw new ProblemException(Explain(step, failure, deadline.IsCancellationRequested), failure);
        }
    }

    private static Problem Abandoned(Step step) => Catalogue.StepAbandoned.With(
        $"The step '{step.Name}' did not end within {Abandonable.Grace.TotalSeconds:0} seconds after it was cancelled, so the run went on without it.");

    /// <summary>Once the run is interrupted, whatever a step says is a consequence of it: a program that was killed, say.</summary>
    private Problem Explain(Step step, Exception failure, bool isLate)
    {
        if (interruption.IsRequested) return interruption.Reason;
        if (isLate) return Catalogue.StepTimeout.With($"The step '{step.Name}' took longer than its deadline of {step.Deadline}.");
        if (failure is OperationCanceledException) return Catalogue.StepFailed.With($"The step '{step.Name}' gave up by itself.");
        return failure.ToProblem();
    }
}
