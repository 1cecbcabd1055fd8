namespace Holdfast.Engine.Planning;

/// <summary>What a run will do, in order. <paramref name="Verb"/> is "backup" or "restore".</summary>
public sealed record Plan(string Verb, string Platform, IReadOnlyList<Step> Steps);
