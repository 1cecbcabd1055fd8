namespace Holdfast.Engine.Profiles;

/// <summary>
/// A mistake in a profile: its place, the path of the value ("components.files.groups"), and what is expected.
/// </summary>
public sealed record ProfileMistake(ProfilePlace Place, string Path, string Message)
{
    public override string ToString() =>
        $"line {Place.Line}, column {Place.Column}: {(Path.Length == 0 ? "" : $"{Path}: ")}{Message}";
}
