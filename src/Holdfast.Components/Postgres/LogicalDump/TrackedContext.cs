using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// The context of a step for one part of it; it records which undos that part has pending when the step continues
/// without it.
/// </summary>
internal sealed class TrackedContext(StepContext real) : StepContext
{
    private readonly List<Undo> _owed = [];

    /// <summary>The pending undos, the newest first.</summary>
    public IReadOnlyList<Undo> Owed => [.. Enumerable.Reverse(_owed)];

    public override string RunId => real.RunId;

    public override StepCounters Counters => real.Counters;

    public override IReadOnlyList<Problem> RunWarnings => real.RunWarnings;

    public override void Warn(Problem problem) => real.Warn(problem);

    public override void Note(string text) => real.Note(text);

    public override void Made(string point) => real.Made(point);

    public override async Task OweAsync(Undo undo, CancellationToken cancellation)
    {
        await real.OweAsync(undo, cancellation);
        _owed.Add(undo);
    }

    public override async Task SettleAsync(Undo undo, CancellationToken cancellation)
    {
        await real.SettleAsync(undo, cancellation);
        _owed.Remove(undo);
    }
}
