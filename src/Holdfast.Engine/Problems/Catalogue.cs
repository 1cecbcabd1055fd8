namespace Holdfast.Engine.Problems;

/// <summary>A kind of problem: its code, its hint and what it means for the exit code. Only the message differs from case to case.</summary>
public sealed record ProblemKind(string Code, string Hint, ExitCode Exit, bool Transient = false)
{
    public Problem With(string message) => new(Code, message, Hint, Exit, Transient);

    /// <summary>The same with a hint that fits the case better.</summary>
    public Problem With(string message, string hint) => new(Code, message, hint, Exit, Transient);

    public ProblemException Throwable(string message, Exception? inner = null) => new(With(message), inner);
}

/// <summary>Every kind of problem that Holdfast can report, in one place. docs/problems.md is written from it, and a test compares them.</summary>
public static class Catalogue
{
    public static readonly ProblemKind RepositoryMissing = new("HF-REPO-MISSING", "Make it with 'holdfast init', or correct 'repository' in the profile.", ExitCode.NoRepository);
}
