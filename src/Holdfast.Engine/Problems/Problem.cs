namespace Holdfast.Engine.Problems;

/// <summary>
/// A message that describes what happened, and a hint that describes what to do. The code is stable: "HF-REPO-LOCKED".
/// All codes are in <see cref="Catalogue"/> and in docs/problems.md.
/// </summary>
public sealed record Problem(string Code, string Message, string Hint, ExitCode Exit, bool Transient)
{
    /// <summary>Further lines, such as the mistakes of a profile.</summary>
    public IReadOnlyList<string> Details { get; init => field = value ?? []; } = []; // absent in JSON is null to the setter
}
