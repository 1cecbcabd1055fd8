namespace Holdfast.Engine.Problems;

/// <summary>The exit codes of <c>holdfast</c>; 0 to 12 and 130 mean what they mean for restic.</summary>
public enum ExitCode
{
    Success = 0,
    Failure = 1,

    /// <summary>Wrong arguments, or a profile with mistakes.</summary>
    Usage = 2,

    /// <summary>Done, but something was left out: the recovery point is incomplete.</summary>
    Incomplete = 3,

    /// <summary>A check found damage.</summary>
    Damaged = 4,

    /// <summary>A server or host can't be reached, or refuses us.</summary>
    Unreachable = 5,

    /// <summary>Something stands where the restore wants to write.</summary>
    InTheWay = 6,

    NoRepository = 10,
    Locked = 11,
    WrongPassword = 12,
    Interrupted = 130,
}

/// <summary>
/// What happened, in one sentence, and what to do about it, in another. The code is stable: "HF-REPO-LOCKED".
/// All codes stand in <see cref="Catalogue"/> and in docs/problems.md.
/// </summary>
public sealed record Problem(string Code, string Message, string Hint, ExitCode Exit, bool Transient)
{
    /// <summary>Further lines, one each: the mistakes of a profile, say.</summary>
    public IReadOnlyList<string> Details { get; init => field = value ?? []; } = []; // absent in JSON is null to the setter
}

/// <summary>A problem that ends what was being done.</summary>
public sealed class ProblemException(Problem problem, Exception? inner = null) : Exception(problem.Message, inner)
{
    public Problem Problem { get; } = problem;
}
