using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Checking;

/// <summary>One check before a backup, and its result.</summary>
/// <param name="Subject">The subject of the check, which is the name of its source: "repository",
/// "postgres/main".</param>
/// <param name="Question">The check itself, in a few words: "sessions".</param>
/// <param name="State">The meaning of the result for a backup.</param>
/// <param name="Found">The result: a phrase, or sentences.</param>
public sealed record CheckLine(string Subject, string Question, CheckState State, string Found)
{
    /// <summary>What to do about it, in one sentence; null when there is nothing to do.</summary>
    public string? Hint { get; init; }

    /// <summary>The line of a check without a result, and the reason.</summary>
    public static CheckLine Unanswered(string subject, string question, Problem problem) =>
        new(subject, question, CheckState.Unknown, problem.Message) { Hint = problem.Hint };
}
