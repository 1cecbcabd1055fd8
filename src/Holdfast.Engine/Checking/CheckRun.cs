using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;

namespace Holdfast.Engine.Checking;

/// <summary>
/// Asks all sources at once, each under its own deadline. One that throws, is late, or has nothing to say becomes a line of
/// unknown that says why: a question without an answer is never passed over.
/// </summary>
public sealed class CheckRun(IReadOnlyList<ICheckSource> sources, TimeSpan deadline, TimeProvider clock)
{
    private int _asked;

    /// <summary>How many sources have answered so far, or will not.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <param name="only">Names of sources, or what stands before the slash; all when there is none.</param>
    /// <param name="cancellation">Ends it all.</param>
    /// <exception cref="ProblemException">Something is asked for that is no source.</exception>
    public async Task<CheckReport> RunAsync(IReadOnlyList<string> only, CancellationToken cancellation)
    {
        var lines = await Task.WhenAll(Choose(only).Select(source => AskAsync(source, cancellation)));
        return new CheckReport([.. lines.SelectMany(of => of)]);
    }

    /// <summary>The sources that are asked for.</summary>
    /// <exception cref="ProblemException">Something is asked for that is no source.</exception>
    public IReadOnlyList<ICheckSource> Choose(IReadOnlyList<string> only)
    {
        foreach (var word in only.Where(word => !sources.Any(source => Fits(source, word)))) throw Missing(word);
        return only.Count == 0 ? sources : [.. sources.Where(source => only.Any(word => Fits(source, word)))];
    }

    private async Task<IReadOnlyList<CheckLine>> AskAsync(ICheckSource source, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(deadline + source.Waits, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            // Not waited for when it does not listen to the token: a mount that hangs would hang us.
            var lines = await Task.Run(() => source.CheckAsync(either.Token), either.Token).WaitAsync(either.Token);
            return lines.Count > 0 ? lines : [Unanswered(source, Catalogue.CheckFailed.With("It gave no answer."))];
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return [Unanswered(source, Catalogue.CheckLate.With($"No answer within {Duration.Describe(deadline + source.Waits)}."))];
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            return [Unanswered(source, ProblemOf(failure))];
        }
        finally
        {
            Interlocked.Increment(ref _asked);
        }
    }

    private static Problem ProblemOf(Exception failure)
    {
        var problem = failure.ToProblem();
        return problem.Code == Catalogue.StepFailed.Code || failure is OperationCanceledException ? Catalogue.CheckFailed.With(problem.Message) : problem;
    }

    private static CheckLine Unanswered(ICheckSource source, Problem problem) => CheckLine.Unanswered(source.Name, source.Question, problem);

    private static bool Fits(ICheckSource source, string word) => source.Name == word || source.Name.Split('/')[0] == word;

    private ProblemException Missing(string word)
    {
        var names = sources.SelectMany(source => new[] { source.Name.Split('/')[0], source.Name }).Distinct(StringComparer.Ordinal).ToList();
        return Catalogue.CheckMissing.Throwable($"There is no subject '{word}' to check.{Spelling.Suggest(word, names)}");
    }
}
