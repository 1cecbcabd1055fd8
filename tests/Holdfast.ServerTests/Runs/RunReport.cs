using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.ServerTests.Runs;

/// <summary>What a run has told its observer, in order.</summary>
internal sealed class RunReport : IRunObserver
{
    private readonly Lock _lock = new();
    private readonly List<RunEvent> _events = [];

    /// <summary>False when it was refused before its first step.</summary>
    public bool HasBegun => Of<RunStarted>().Count > 0;

    /// <summary>Each once: what was found while a restore was prepared is told then, and again when it runs.</summary>
    public IReadOnlyList<Problem> Warnings =>
        [.. Of<Warned>().Select(warned => warned.Problem).Distinct(ReferenceEqualityComparer.Instance).Cast<Problem>()];

    public IReadOnlyList<string> Notes => [.. Of<Noted>().Select(noted => noted.Text)];

    /// <summary>What is owed and was neither settled nor undone, in order.</summary>
    public IReadOnlyList<Undo> Owed
    {
        get
        {
            var settled = Of<UndoCompleted>().Select(settled => settled.Owed);
            var paid = settled.Concat(Of<UndoDone>().Select(done => done.Owed)).ToHashSet();
            return [.. Of<UndoRegistered>().Where(owed => !paid.Contains(owed.Owed)).Select(owed => owed.Undo)];
        }
    }

    /// <summary>What the component's steps have counted.</summary>
    public (long Items, long Bytes) Counted
    {
        get
        {
            var plan = Of<RunStarted>().Single().Plan;
            var done = Of<StepDone>().Where(step => plan[step.Step - 1].Component is not null).ToList();
            return (done.Sum(step => step.Items), done.Sum(step => step.Bytes));
        }
    }

    public void OnEvent(RunEvent happened)
    {
        lock (_lock) _events.Add(happened);
    }

    private List<T> Of<T>()
        where T : RunEvent
    {
        lock (_lock) return [.. _events.OfType<T>()];
    }
}
