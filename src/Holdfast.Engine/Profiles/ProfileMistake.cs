namespace Holdfast.Engine.Profiles;

/// <summary>Something that is wrong with a profile: where it stands, the path of the value ("components.files.groups"), and what is expected.</summary>
public sealed record ProfileMistake(ProfilePlace Place, string Path, string Message)
{
    public override string ToString() =>
        $"line {Place.Line}, column {Place.Column}: {(Path.Length == 0 ? "" : $"{Path}: ")}{Message}";
}
