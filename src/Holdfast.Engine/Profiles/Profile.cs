namespace Holdfast.Engine.Profiles;

/// <summary>A place in a profile: 1-based line and column.</summary>
public readonly record struct ProfilePlace(int Line, int Column);

/// <summary>
/// A value of a profile that has been validated against the schema, with the place it stands at. Reading a value as
/// what the schema does not promise is an error of the program, not of the profile.
/// </summary>
public abstract class ProfileNode
{
    public abstract ProfilePlace Place { get; }

    /// <summary>True when it is a mapping with this key.</summary>
    public abstract bool Has(string key);

    /// <summary>The value of a key of a mapping.</summary>
    public abstract ProfileNode this[string key] { get; }

    /// <summary>The value of a key, or null when it is absent.</summary>
    public ProfileNode? Find(string key) => Has(key) ? this[key] : null;

    /// <summary>The keys of a mapping in the order they are written.</summary>
    public abstract IReadOnlyList<string> Keys { get; }

    /// <summary>The items of a sequence; empty for anything else.</summary>
    public abstract IReadOnlyList<ProfileNode> Items { get; }

    public abstract bool IsScalar { get; }
    public abstract bool IsMapping { get; }
    public abstract string Text { get; }
    public abstract int Integer { get; }
    public abstract bool Boolean { get; }
}

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

/// <summary>
/// A secret by reference: { file: PATH }, { env: NAME }, { credential: NAME } (systemd's $CREDENTIALS_DIRECTORY) or
/// { command: [program, arguments] } (its standard output). One trailing line break is not part of it.
/// </summary>
public interface ISecretReader
{
    /// <exception cref="Problems.ProblemException">It can't be read; the message names the reference, never the value.</exception>
    Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation);
}
