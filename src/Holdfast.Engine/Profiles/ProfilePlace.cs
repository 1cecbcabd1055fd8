namespace Holdfast.Engine.Profiles;

/// <summary>A place in a profile: 1-based line and column.</summary>
public readonly record struct ProfilePlace(int Line, int Column);
