using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Planning;

/// <summary>What a run will do, in order. <paramref name="Verb"/> is "backup" or "restore".</summary>
public sealed record Plan(string Verb, string Platform, IReadOnlyList<Step> Steps)
{
    /// <summary>What was found out while it was made, for whoever looks at it. A run finds it out by itself, and warns of it then.</summary>
    public IReadOnlyList<Problem> Warnings { get; init; } = [];
}
