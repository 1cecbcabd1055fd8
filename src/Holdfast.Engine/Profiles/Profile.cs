namespace Holdfast.Engine.Profiles;

/// <summary>A platform's description. Components read their own sections; see profiles/profile.schema.json.</summary>
public sealed class Profile
{
    public required string Platform { get; init; }

    /// <summary>Where it was read from.</summary>
    public required string File { get; init; }

    /// <summary>The text as it stands in the file; it goes into every recovery point.</summary>
    public required string Source { get; init; }
    public required ProfileNode Root { get; init; }

    /// <summary>The folder that relative paths of the repository and of secrets are relative to: the one the profile is in.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(File))!;
}
