using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Planning;

/// <summary>What a run will do, in order. <paramref name="Verb"/> is "backup" or "restore".</summary>
public sealed record Plan(string Verb, string Platform, IReadOnlyList<Step> Steps)
{
    /// <summary>
    /// Findings from the planning, for the reader of the plan. A run makes its own plan and warns of them then.
    /// </summary>
    public IReadOnlyList<Problem> Warnings { get; init; } = [];
}
