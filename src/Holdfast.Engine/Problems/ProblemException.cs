namespace Holdfast.Engine.Problems;

/// <summary>A problem that ends what was being done.</summary>
public sealed class ProblemException(Problem problem, Exception? inner = null) : Exception(problem.Message, inner)
{
    public Problem Problem { get; } = problem;
}
