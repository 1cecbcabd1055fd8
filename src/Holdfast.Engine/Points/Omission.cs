namespace Holdfast.Engine.Points;

/// <summary>
/// Something that belongs to a component but is not in the recovery point, for a reason to be reported: "database
/// template1", "it allows no connections".
/// </summary>
/// <param name="What">The object with its kind.</param>
/// <param name="Why">The reason, as part of a sentence.</param>
public sealed record Omission(string What, string Why);
