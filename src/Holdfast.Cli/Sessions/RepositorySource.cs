using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;

namespace Holdfast.Cli.Sessions;

/// <summary>
/// Gives options and HOLDFAST_ variables precedence over the profile and restic's variables. A value that is given here
/// is passed to the engine's reader as if restic's variable had it and the profile had none.
/// </summary>
internal sealed class RepositorySource(
    string? path, string? passwordFile, Profile? profile, Func<string, string?> environment, Func<Func<string, string?>, RepositorySettingsReader> reader)
{
    /// <summary>The local cache of repositories on other machines; null for none.</summary>
    public CacheOptions? Cache { get; init; }

    /// <summary>
    /// Why the profile, which may name the repository, could not be read; null when it was read or does not exist.
    /// </summary>
    public Problem? Unread { get; init; }

    public async Task<RepositorySettings> ReadAsync(CancellationToken cancellation)
    {
        var (place, password) = (Path, await ReadPasswordAsync(cancellation));
        return new(place, password)
        {
            Options = RepositorySettingsReader.OptionsOf(profile) with { Cache = RepositorySettings.IsRemote(place) ? Cache : null },
            Rest = await ReadRestAsync(cancellation), S3 = await ReadS3Async(cancellation), Sftp = Reader.ReadSftp(Named),
        };
    }

    /// <summary>The place of the repository, without what opens it: the password need not exist yet.</summary>
    public async Task<IBackend> ReadBackendAsync(CancellationToken cancellation) =>
        new RepositorySettings(Path, "")
        {
            Rest = await ReadRestAsync(cancellation), S3 = await ReadS3Async(cancellation), Sftp = Reader.ReadSftp(Named),
        }.Backend;

    /// <summary>
    /// Reads the credentials for the repository's server: those of the profile are sent to the repository that the
    /// profile names, and to no other.
    /// </summary>
    private Task<RestOptions?> ReadRestAsync(CancellationToken cancellation) => Reader.ReadRestAsync(Named, cancellation);

    private Task<S3Options?> ReadS3Async(CancellationToken cancellation) => Reader.ReadS3Async(Named, cancellation);

    private RepositorySettingsReader Reader => reader(path is null ? environment : Say("RESTIC_REPOSITORY", path));

    /// <summary>The profile, where it is what names the repository.</summary>
    private Profile? Named => path is null ? profile : null;

    /// <summary>The absolute path of the repository, or its location without user and password.</summary>
    public string Path
    {
        get
        {
            try
            {
                return Reader.ReadPath(Named);
            }
            catch (ProblemException unset) when (Unread is { } unread && unset.Problem.Code == Catalogue.RepositoryUnset.Code)
            {
                throw new ProblemException(unread, unset);
            }
        }
    }

    /// <summary>True when something says where the password comes from, whether or not it is there.</summary>
    public bool HasPassword => passwordFile is not null || reader(environment).HasPassword(profile);

    /// <summary>The file that is to hold the password, as far as it is a file; it need not be there yet.</summary>
    public string? PasswordFile
    {
        get
        {
            if (passwordFile is not null) return System.IO.Path.GetFullPath(passwordFile);
            if (profile?.Root.Find("repository")?.Find("password") is { } reference)
                return reference.Find("file") is { } file ? System.IO.Path.GetFullPath(file.Text, profile.Folder) : null;
            return environment("RESTIC_PASSWORD_FILE") is { Length: > 0 } named ? System.IO.Path.GetFullPath(named) : null;
        }
    }

    public Task<string> ReadPasswordAsync(CancellationToken cancellation) =>
        passwordFile is null ? reader(environment).ReadPasswordAsync(profile, cancellation) : ReadPasswordAsync(passwordFile, cancellation);

    /// <summary>The password that a file holds, whatever the profile says.</summary>
    public Task<string> ReadPasswordAsync(string file, CancellationToken cancellation) =>
        reader(Say("RESTIC_PASSWORD_FILE", file)).ReadPasswordAsync(null, cancellation);

    private Func<string, string?> Say(string variable, string value) => name =>
        name == variable ? value : name.StartsWith($"{variable}_", StringComparison.Ordinal) || name == "RESTIC_PASSWORD_COMMAND" ? null : environment(name);
}
