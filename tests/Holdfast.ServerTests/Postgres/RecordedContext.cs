using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;

namespace Holdfast.ServerTests.Postgres;

/// <summary>Remembers what a step says and owes.</summary>
internal sealed class RecordedContext(string runId) : StepContext
{
    private readonly Lock _lock = new();

    public List<Problem> Warnings { get; } = [];
    public List<string> Notes { get; } = [];

    /// <summary>What is owed and not settled, in order.</summary>
    public List<Undo> Owed { get; } = [];

    /// <summary>Called after each debt is noted: the place for a test to die.</summary>
    public Func<Undo, Task>? OnOwe { get; set; }

    public override string RunId => runId;

    public override void Warn(Problem problem)
    {
        lock (_lock) Warnings.Add(problem);
    }

    public override void Note(string text)
    {
        lock (_lock) Notes.Add(text);
    }

    public override async Task OweAsync(Undo undo, CancellationToken cancellation)
    {
        lock (_lock) Owed.Add(undo);
        if (OnOwe is not null) await OnOwe(undo);
    }

    public override Task SettleAsync(Undo undo, CancellationToken cancellation)
    {
        lock (_lock) Owed.Remove(undo);
        return Task.CompletedTask;
    }
}
