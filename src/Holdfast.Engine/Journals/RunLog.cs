using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Journals;

/// <summary>Writes the events of a run to the journal first, then passes them to the observer.</summary>
internal sealed class RunLog(Journal journal, IRunObserver observer, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly List<Problem> _warnings = [];

    /// <summary>All warnings so far.</summary>
    public IReadOnlyList<Problem> Warnings
    {
        get { lock (_gate) return [.. _warnings]; }
    }

    /// <exception cref="ProblemException">The journal cannot be written.</exception>
    public void Append(RunEvent happened)
    {
        var stamped = Stamp(happened);
        journal.Append(stamped);
        Report(stamped);
    }

    /// <summary>For the rollback: pending undos are performed even when the journal can no longer be written.</summary>
    public void AppendIfPossible(RunEvent happened)
    {
        try
        {
            Append(happened);
        }
        catch (ProblemException unwritable) when (unwritable.Problem.Code == Catalogue.StateUnwritable.Code)
        {
            Report(Stamp(happened));
        }
    }

    /// <summary>Progress is passed to the observer only; it is not kept.</summary>
    public void Show(StepProgress progress) => Report(Stamp(progress));

    private RunEvent Stamp(RunEvent happened) => happened with { Time = clock.GetUtcNow() };

    private void Report(RunEvent stamped)
    {
        lock (_gate)
        {
            if (stamped is Warned warned) _warnings.Add(warned.Problem);
            observer.OnEvent(stamped);
        }
    }
}
