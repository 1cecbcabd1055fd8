using System.Collections.Concurrent;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Tests.Files;

/// <summary>A step's context that keeps what the step said; a component of files owes nothing, so that owing fails the test.</summary>
internal sealed class RecordedStep : StepContext
{
    public ConcurrentQueue<Problem> Warned { get; } = [];
    public ConcurrentQueue<string> Noted { get; } = [];

    public override string RunId => "test";

    public override void Warn(Problem problem) => Warned.Enqueue(problem);

    public override void Note(string text) => Noted.Enqueue(text);

    public override Task OweAsync(Undo undo, CancellationToken cancellation) => throw new InvalidOperationException("Nothing should be owed.");

    public override Task SettleAsync(Undo undo, CancellationToken cancellation) => throw new InvalidOperationException("Nothing was owed.");
}
