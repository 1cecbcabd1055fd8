namespace Holdfast.Engine.Problems;

/// <summary>
/// What happened, in one sentence, and what to do about it, in another. The code is stable: "HF-REPO-LOCKED".
/// All codes stand in <see cref="Catalogue"/> and in docs/problems.md.
/// </summary>
public sealed record Problem(string Code, string Message, string Hint, ExitCode Exit, bool Transient)
{
    /// <summary>Further lines, one each: the mistakes of a profile, say.</summary>
    public IReadOnlyList<string> Details { get; init => field = value ?? []; } = []; // absent in JSON is null to the setter
}
