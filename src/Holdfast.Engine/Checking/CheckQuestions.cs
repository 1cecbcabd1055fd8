using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Checking;

/// <summary>
/// The checks of one source, run one after the other: one that fails to give a result is unknown, and does not affect
/// the others.
/// </summary>
public sealed class CheckQuestions(string subject, CancellationToken cancellation)
{
    private readonly List<CheckLine> _lines = [];

    public IReadOnlyList<CheckLine> Lines => _lines;

    /// <summary>Runs one check.</summary>
    public async Task AskAsync(string question, Func<Task<CheckLine>> answer)
    {
        try
        {
            _lines.Add(await answer());
        }
        catch (ProblemException problem) when (!cancellation.IsCancellationRequested)
        {
            _lines.Add(CheckLine.Unanswered(subject, question, problem.Problem));
        }
    }
}
