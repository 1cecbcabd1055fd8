using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Checking;

/// <summary>
/// The questions of one source, asked one after the other: one that can not be answered is unknown, and leaves the others alone.
/// </summary>
public sealed class CheckQuestions(string subject, CancellationToken cancellation)
{
    private readonly List<CheckLine> _lines = [];

    public IReadOnlyList<CheckLine> Lines => _lines;

    /// <summary>Asks one question.</summary>
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
