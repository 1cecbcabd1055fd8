namespace Holdfast.Engine.Retention;

/// <summary>A recovery point that stays whatever the rules say.</summary>
/// <param name="Point">Its id, or the first 8 or more digits of it.</param>
/// <param name="Reason">Why, for whoever reads the plan.</param>
/// <param name="Until">The last day of it; null for ever.</param>
public sealed record Pin(string Point, string Reason, DateOnly? Until);
