namespace Holdfast.Engine.Retention;

/// <summary>A recovery point that is kept whatever the rules are.</summary>
/// <param name="Point">Its id, or the first 8 or more digits of it.</param>
/// <param name="Reason">The reason, for the reader of the plan.</param>
/// <param name="Until">The last day of the pin; null for ever.</param>
public sealed record Pin(string Point, string Reason, DateOnly? Until);
