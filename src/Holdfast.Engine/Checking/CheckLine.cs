using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Checking;

/// <summary>One question that was asked before a backup, and the answer.</summary>
/// <param name="Subject">What was asked: "repository", "postgres/main". It is the name of the source.</param>
/// <param name="Question">What it was asked for, in few words: "sessions".</param>
/// <param name="State">What the answer means.</param>
/// <param name="Found">The answer: a phrase, or sentences.</param>
public sealed record CheckLine(string Subject, string Question, CheckState State, string Found)
{
    /// <summary>What to do about it, in a sentence; null when nothing is to be done.</summary>
    public string? Hint { get; init; }

    /// <summary>A question that was not answered, and why.</summary>
    public static CheckLine Unanswered(string subject, string question, Problem problem) =>
        new(subject, question, CheckState.Unknown, problem.Message) { Hint = problem.Hint };
}
