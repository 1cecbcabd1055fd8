using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Engine.Execution;

/// <summary>The pending undos of a run. Each change is in the journal before it takes effect.</summary>
internal sealed class PendingUndos(RunLog log, IEnumerable<IUndoHandler> handlers, TimeProvider clock)
{
    private readonly Dictionary<string, IUndoHandler> _handlers = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly List<PendingUndo> _owed = [];
    private readonly Dictionary<int, int> _steps = [];
    private int _last;

    public int Count
    {
        get { lock (_gate) return _owed.Count; }
    }

    /// <summary>The numbers of the steps that an undo is pending for.</summary>
    public IReadOnlySet<int> Steps
    {
        get { lock (_gate) return _owed.Select(owed => _steps.GetValueOrDefault(owed.Number)).ToHashSet(); }
    }

    /// <summary>Takes over the pending undos of a dead run.</summary>
    public void Inherit(IEnumerable<PendingUndo> owed)
    {
        _owed.AddRange(owed);
        _last = _owed.Count == 0 ? 0 : _owed.Max(inherited => inherited.Number);
    }

    public void Owe(int step, Undo undo)
    {
        lock (_gate)
        {
            log.Append(new UndoRegistered(step, _last + 1, undo));
            _owed.Add(new PendingUndo(++_last, undo));
            _steps[_last] = step;
        }
    }

    /// <exception cref="InvalidOperationException">The undo is not pending, which is an error in the
    /// program.</exception>
    public void Settle(Undo undo)
    {
        lock (_gate)
        {
            var settled = _owed.FindLast(owed => Same(owed.Undo, undo)) ?? throw new InvalidOperationException($"The undo '{undo.Kind}' is not owed.");
            log.Append(new UndoCompleted(settled.Number));
            _owed.Remove(settled);
        }
    }

    /// <summary>
    /// Performs all pending undos, the last one first. An undo that fails stays pending, unless it is lost, and does
    /// not stop the others.
    /// </summary>
    /// <returns>The problems of the undos that failed.</returns>
    public async Task<IReadOnlyList<Problem>> UndoAllAsync()
    {
        var failures = new List<Problem>();
        foreach (var owed in Enumerable.Reverse(_owed.ToArray()))
        {
            var failure = await TryUndoAsync(owed.Undo);
            if (failure is not null)
            {
                failures.Add(failure);
                log.AppendIfPossible(new UndoFailed(owed.Number, failure));
                if (failure.Code != Catalogue.UndoLost.Code) continue;
            }
            _owed.Remove(owed);
            log.AppendIfPossible(failure is null ? new UndoDone(owed.Number) : new UndoCompleted(owed.Number));
        }
        return failures;
    }

    /// <summary>An undo has its own cancellation token: what stopped the run must not stop the rollback.</summary>
    private async Task<Problem?> TryUndoAsync(Undo undo)
    {
        if (!_handlers.TryGetValue(undo.Kind, out var handler))
            return Catalogue.UndoFailed.With($"Still owed: {undo.Does} Nothing here can do it ('{undo.Kind}').", "Run 'holdfast recover' with the profile that the run had.");
        using var deadline = new CancellationTokenSource(handler.Deadline, clock);
        try
        {
            await Abandonable.RunAsync(() => handler.UndoAsync(undo, deadline.Token), clock, deadline.Token);
            return null;
        }
        catch (ProblemException lost) when (lost.Problem.Code == Catalogue.UndoLost.Code)
        {
            return lost.Problem;
        }
        catch (Exception failure)
        {
            if (deadline.IsCancellationRequested)
                return Catalogue.UndoFailed.With($"Still owed: {undo.Does} It took longer than {handler.Deadline.TotalMinutes:0} minutes.");
            var reason = failure.ToProblem();
            var owed = Catalogue.UndoFailed.With($"Still owed: {undo.Does} {reason.Message}") with { Details = reason.Details };
            return failure is ProblemException or ResticException ? owed with { Hint = $"{reason.Hint} {owed.Hint}" } : owed;
        }
    }

    private static bool Same(Undo a, Undo b) => ReferenceEquals(a, b)
        || (a.Kind == b.Kind && a.Arguments.Count == b.Arguments.Count && a.Arguments.All(argument => b.Arguments.TryGetValue(argument.Key, out var value) && value == argument.Value));
}
