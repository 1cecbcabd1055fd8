namespace Holdfast.Engine.Profiles;

/// <summary>
/// The description of a platform. Components read their own sections; see profiles/profile.schema.json.
/// </summary>
public sealed class Profile
{
    public required string Platform { get; init; }

    /// <summary>The file that the profile was read from.</summary>
    public required string File { get; init; }

    /// <summary>The text of the file; it is stored in every recovery point.</summary>
    public required string Source { get; init; }
    public required ProfileNode Root { get; init; }

    /// <summary>
    /// The folder of the profile, which relative paths of the repository and of secrets are relative to.
    /// </summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(File))!;
}
