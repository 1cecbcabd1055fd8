using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;

namespace Holdfast.Engine.Checking;

/// <summary>
/// Runs all sources concurrently, each with its own deadline. One that throws, is late, or returns nothing becomes an
/// unknown line with the reason: a check without a result is always reported.
/// </summary>
public sealed class CheckRun(IReadOnlyList<ICheckSource> sources, TimeSpan deadline, TimeProvider clock)
{
    private int _asked;

    /// <summary>The number of sources that have finished so far.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <param name="only">Names of sources, or the part before the slash; all sources when empty.</param>
    /// <param name="cancellation">Cancels the checks.</param>
    /// <exception cref="ProblemException">A name matches no source.</exception>
    public async Task<CheckReport> RunAsync(IReadOnlyList<string> only, CancellationToken cancellation)
    {
        var lines = await Task.WhenAll(Choose(only).Select(source => AskAsync(source, cancellation)));
        return new CheckReport([.. lines.SelectMany(of => of)]);
    }

    /// <summary>The selected sources.</summary>
    /// <exception cref="ProblemException">A name matches no source.</exception>
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
            // Not awaited when it ignores its cancellation: a mount that hangs would block the run.
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
