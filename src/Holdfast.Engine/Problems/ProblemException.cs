namespace Holdfast.Engine.Problems;

/// <summary>Ends an operation with a problem.</summary>
public sealed class ProblemException(Problem problem, Exception? inner = null) : Exception(problem.Message, inner)
{
    public Problem Problem { get; } = problem;
}
