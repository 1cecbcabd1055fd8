using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Finds out where the repository is and what opens it: from the profile, and where it says nothing, from the variables
/// that users of restic know: RESTIC_REPOSITORY, RESTIC_REPOSITORY_FILE, RESTIC_PASSWORD_FILE, RESTIC_PASSWORD_COMMAND
/// and RESTIC_PASSWORD. As with restic, white space around a password from a file or command is not part of it.
/// </summary>
public sealed class RepositorySettingsReader(SecretReader secrets, Func<string, string?> environment)
{
    /// <summary>Schemes of restic's other backends. Source: restic's manual, "Preparing a new repository".</summary>
    private static readonly string[] _foreignSchemes = ["sftp:", "rest:", "s3:", "swift:", "b2:", "azure:", "gs:", "rclone:"];

    /// <summary>The whole of it. <paramref name="profile"/> may be null where there is none, on an empty machine.</summary>
    public async Task<RepositorySettings> ReadAsync(Profile? profile, CancellationToken cancellation)
    {
        var path = ReadPath(profile);
        return new RepositorySettings(path, await ReadPasswordAsync(profile, cancellation)) { Options = OptionsOf(profile) };
    }

    /// <summary>The absolute path of the repository's directory.</summary>
    public string ReadPath(Profile? profile)
    {
        if (profile?.Root.Find("repository")?.Find("path") is { } path) return Local(path.Text, profile.Folder);
        var (direct, file) = (Variable("RESTIC_REPOSITORY"), Variable("RESTIC_REPOSITORY_FILE"));
        if (direct is not null && file is not null) throw Conflict("RESTIC_REPOSITORY and RESTIC_REPOSITORY_FILE");
        var place = direct ?? (file is null ? null : ReadPlace(file));
        return place is null ? throw Catalogue.RepositoryUnset.Throwable("Nothing says where the repository is.") : Local(place, Environment.CurrentDirectory);
    }

    /// <summary>The password, from wherever it is kept.</summary>
    public async Task<string> ReadPasswordAsync(Profile? profile, CancellationToken cancellation)
    {
        if (profile?.Root.Find("repository")?.Find("password") is { } reference)
        {
            var secret = await secrets.ReadAsync(reference, cancellation);
            return reference.Has("env") ? secret : secret.Trim();
        }
        var (file, command) = (Variable("RESTIC_PASSWORD_FILE"), Variable("RESTIC_PASSWORD_COMMAND"));
        if (file is not null && command is not null) throw Conflict("RESTIC_PASSWORD_FILE and RESTIC_PASSWORD_COMMAND");
        if (file is not null) return (await secrets.FromFileAsync(Path.GetFullPath(file))).Trim();
        if (command is not null) return (await secrets.FromCommandAsync(CommandWords.Split(command, "RESTIC_PASSWORD_COMMAND"), cancellation)).Trim();
        return Variable("RESTIC_PASSWORD") ?? throw Catalogue.SecretUnset.Throwable("Nothing says where the password of the repository comes from.");
    }

    /// <summary>True when the profile or the environment says where the password comes from.</summary>
    public bool HasPassword(Profile? profile) => profile?.Root.Find("repository")?.Has("password") == true
        || Variable("RESTIC_PASSWORD_FILE") is not null || Variable("RESTIC_PASSWORD_COMMAND") is not null || Variable("RESTIC_PASSWORD") is not null;

    /// <summary>How the profile wants the repository to be opened.</summary>
    public static OpenOptions OptionsOf(Profile? profile) => profile?.Root.Find("repository")?.Find("compression") is { } level
        ? new OpenOptions { CompressionLevel = level.Integer }
        : new OpenOptions();

    private static string Local(string place, string folder)
    {
        if (_foreignSchemes.FirstOrDefault(scheme => place.StartsWith(scheme, StringComparison.Ordinal)) is { } scheme)
            throw Catalogue.RepositoryUnsupported.Throwable($"The repository is to be reached by '{scheme}', which this version can not do yet.");
        return Path.GetFullPath(place.StartsWith("local:", StringComparison.Ordinal) ? place["local:".Length..] : place, folder);
    }

    private static string ReadPlace(string file)
    {
        const int Largest = 64 << 10;
        try
        {
            GuardedPath.Require(Path.GetFullPath(file), "The file of RESTIC_REPOSITORY_FILE");
            return OwnedFile.ReadText(file, Largest, followLinks: true).Trim() is { Length: > 0 } place ? place : throw Catalogue.RepositoryUnset.Throwable($"The file '{file}' of RESTIC_REPOSITORY_FILE is empty.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.RepositoryUnset.Throwable($"The file '{file}' of RESTIC_REPOSITORY_FILE can not be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
    }

    private static ProblemException Conflict(string variables) => Catalogue.SettingsConflict.Throwable($"Both {variables} are set.");

    private string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
