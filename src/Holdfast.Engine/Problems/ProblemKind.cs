namespace Holdfast.Engine.Problems;

/// <summary>
/// A kind of problem: its stable code, its meaning, its hint and its exit code. Only the message differs from case to
/// case.
/// </summary>
public sealed record ProblemKind(string Code, string Meaning, string Hint, ExitCode Exit, bool Transient = false)
{
    public Problem With(string message) => new(Code, message, Hint, Exit, Transient);

    /// <summary>The same with a hint that fits the case better.</summary>
    public Problem With(string message, string hint) => new(Code, message, hint, Exit, Transient);

    public ProblemException Throwable(string message, Exception? inner = null) => new(With(message), inner);

    /// <summary>The same with a hint that fits the case better.</summary>
    public ProblemException Throwable(string message, string hint, Exception? inner = null) => new(With(message, hint), inner);
}
