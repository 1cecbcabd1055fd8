using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Remotes;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;
using Holdfast.Restic.Sftp;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Finds the location of the repository and its credentials: from the profile, or else from the variables of restic:
/// RESTIC_REPOSITORY, RESTIC_REPOSITORY_FILE, RESTIC_PASSWORD_FILE, RESTIC_PASSWORD_COMMAND and RESTIC_PASSWORD. As
/// with restic, white space around a password from a file or command is not part of it.
/// </summary>
/// <param name="host">Starts rclone and ssh.</param>
/// <param name="secrets">Reads the secrets that the profile refers to.</param>
/// <param name="environment">Looks up a variable.</param>
public sealed class RepositorySettingsReader(IHost host, SecretReader secrets, Func<string, string?> environment)
{
    /// <summary>The largest file that names a repository, or holds its authorities; 1 MiB.</summary>
    private const int LargestFile = 1 << 20;

    /// <summary>Schemes of restic's other backends. Source: restic's manual, "Preparing a new repository".</summary>
    private static readonly string[] _foreignSchemes = ["swift:", "b2:", "azure:", "gs:"];

    /// <summary>Options that were given beside the profile, and override it.</summary>
    public TransferLimits Limits { get; init; }

    /// <summary>
    /// Reads all settings. <paramref name="profile"/> may be null where there is none, on an empty machine.
    /// </summary>
    public async Task<RepositorySettings> ReadAsync(Profile? profile, CancellationToken cancellation)
    {
        var path = ReadPath(profile);
        return new RepositorySettings(path, await ReadPasswordAsync(profile, cancellation))
        {
            Options = OptionsOf(profile), Rest = await ReadRestAsync(profile, cancellation),
            S3 = await ReadS3Async(profile, cancellation), Sftp = ReadSftp(profile),
        };
    }

    /// <summary>The absolute path of the repository's directory, or its location without user and password.</summary>
    public string ReadPath(Profile? profile)
    {
        var (place, folder) = ReadPlace(profile);
        return RestLocation.IsRest(place) ? Parse(place, RestLocation.Parse).ToString()
            : S3Location.IsS3(place) ? Parse(place, S3Location.Parse).ToString()
            : SftpLocation.IsSftp(place) ? Parse(place, SftpLocation.Parse).ToString()
            : Local(place, folder);
    }

    /// <summary>
    /// The credentials for the repository's server: from its location, else from 'repository.rest' of the profile that
    /// names it, else from RESTIC_REST_USERNAME, RESTIC_REST_PASSWORD and RESTIC_CACERT. For a remote of rclone: how it
    /// is started. Null for a local directory.
    /// </summary>
    public async Task<RestOptions?> ReadRestAsync(Profile? profile, CancellationToken cancellation)
    {
        var (place, folder) = ReadPlace(profile);
        if (!RestLocation.IsRest(place)) return null;
        var repository = profile?.Root.Find("repository");
        var (location, rest) = (Parse(place, RestLocation.Parse), repository?.Find("rest"));
        if (location.Remote is not null) return ReadRclone(repository, folder);
        var (user, password) = (location.User, location.Password);
        if (user is null && rest is not null)
        {
            user = rest.Find("user")?.Text;
            password = rest.Find("password") is { } secret ? await secrets.ReadAsync(secret, cancellation) : null;
        }
        if (user is null) (user, password) = (Variable("RESTIC_REST_USERNAME"), Variable("RESTIC_REST_PASSWORD"));
        return new RestOptions { User = user, Password = password, Authorities = ReadAuthorities(rest, folder), Traffic = Limits.Of(repository) };
    }

    /// <summary>
    /// The settings for SFTP servers: the files of 'repository.sftp' for the server of the profile, the defaults of ssh
    /// for all others.
    /// </summary>
    public SftpOptions ReadSftp(Profile? profile)
    {
        var (place, folder) = ReadPlace(profile);
        var repository = profile?.Root.Find("repository");
        if (!SftpLocation.IsSftp(place)) return new SftpOptions { Program = other => new SshProgram(host, other, new SshFiles()) };
        var (location, files) = (Parse(place, SftpLocation.Parse), repository?.Find("sftp"));
        var ours = new SshFiles
        {
            Identity = Guarded("identity", "The private key"),
            KnownHosts = Guarded("known-hosts", "The file of known hosts"),
            Configuration = Guarded("config", "The configuration of ssh"),
        };
        return new SftpOptions
        {
            Program = other => new SshProgram(host, other, other.IsSameServer(location) ? ours : new SshFiles()), Traffic = Limits.Of(repository),
        };

        string? Guarded(string key, string what)
        {
            if (files?.Find(key) is not { } named) return null;
            var file = Path.GetFullPath(named.Text, folder);
            GuardedPath.Require(file, what);
            return file;
        }
    }

    /// <summary>
    /// The settings of the repository's object store: from 'repository.s3' of the profile that names it, else from the
    /// variables and files of AWS. Null for any other location.
    /// </summary>
    public async Task<S3Options?> ReadS3Async(Profile? profile, CancellationToken cancellation)
    {
        var (place, folder) = ReadPlace(profile);
        if (!S3Location.IsS3(place)) return null;
        var repository = profile?.Root.Find("repository");
        var s3 = repository?.Find("s3");
        var transport = new RestOptions { Authorities = ReadAuthorities(s3, folder), Traffic = Limits.Of(repository) };
        return await new S3SettingsReader(secrets, environment)
            .ReadAsync(Parse(place, S3Location.Parse), s3, transport, cancellation);
    }

    /// <summary>
    /// A configuration of rclone may name commands, so its permissions are checked like those of a profile.
    /// </summary>
    private RestOptions ReadRclone(ProfileNode? repository, string folder)
    {
        var file = repository?.Find("rclone")?.Find("config") is { } configuration ? Path.GetFullPath(configuration.Text, folder) : null;
        if (file is not null) GuardedPath.Require(file, "The configuration of rclone");
        return new RestOptions
        {
            Program = remote => new RcloneProgram(host, remote, file), FirstPatience = TimeSpan.Zero, Traffic = Limits.Of(repository),
        };
    }

    private (string Place, string Folder) ReadPlace(Profile? profile)
    {
        if (profile?.Root.Find("repository")?.Find("path") is { } path) return (path.Text, profile.Folder);
        var (direct, file) = (Variable("RESTIC_REPOSITORY"), Variable("RESTIC_REPOSITORY_FILE"));
        if (direct is not null && file is not null) throw Conflict("RESTIC_REPOSITORY and RESTIC_REPOSITORY_FILE");
        var place = direct ?? (file is null ? null : ReadPlace(file));
        return (place ?? throw Catalogue.RepositoryUnset.Throwable("Nothing says where the repository is."), Environment.CurrentDirectory);
    }

    /// <summary>Reads the password from its configured source.</summary>
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

    /// <summary>True when the profile or the environment names the source of the password.</summary>
    public bool HasPassword(Profile? profile) => profile?.Root.Find("repository")?.Has("password") == true
        || Variable("RESTIC_PASSWORD_FILE") is not null || Variable("RESTIC_PASSWORD_COMMAND") is not null || Variable("RESTIC_PASSWORD") is not null;

    /// <summary>The options with which the profile opens the repository.</summary>
    public static OpenOptions OptionsOf(Profile? profile) => profile?.Root.Find("repository")?.Find("compression") is { } level
        ? new OpenOptions { CompressionLevel = level.Integer }
        : new OpenOptions();

    private static string Local(string place, string folder)
    {
        if (_foreignSchemes.FirstOrDefault(scheme => place.StartsWith(scheme, StringComparison.Ordinal)) is { } scheme)
            throw Catalogue.RepositoryUnsupported.Throwable($"The repository is to be reached by '{scheme}', which this version cannot do: it knows local directories, REST servers ('rest:'), SFTP servers ('sftp:'), object stores ('s3:') and what rclone reaches ('rclone:').");
        return Path.GetFullPath(place.StartsWith("local:", StringComparison.Ordinal) ? place["local:".Length..] : place, folder);
    }

    private static T Parse<T>(string place, Func<string, T> parse)
    {
        try
        {
            return parse(place);
        }
        catch (ResticException malformed)
        {
            throw malformed.ToThrowable();
        }
    }

    /// <summary>
    /// The authorities of 'ca' in a section of the profile, else of RESTIC_CACERT; null for those of the system.
    /// </summary>
    private X509Certificate2Collection? ReadAuthorities(ProfileNode? node, string folder)
    {
        var file = node?.Find("ca") is { } named ? Path.GetFullPath(named.Text, folder) : Variable("RESTIC_CACERT");
        if (file is null) return null;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(OwnedFile.ReadText(file, LargestFile, followLinks: true));
            return authorities.Count > 0 ? authorities : throw new CryptographicException("it holds no certificate in PEM");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Catalogue.RepositoryRefused.Throwable($"The authorities of '{file}' cannot be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
    }

    private static string ReadPlace(string file)
    {
        try
        {
            GuardedPath.Require(Path.GetFullPath(file), "The file of RESTIC_REPOSITORY_FILE");
            return OwnedFile.ReadText(file, LargestFile, followLinks: true).Trim() is { Length: > 0 } place ? place : throw Catalogue.RepositoryUnset.Throwable($"The file '{file}' of RESTIC_REPOSITORY_FILE is empty.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.RepositoryUnset.Throwable($"The file '{file}' of RESTIC_REPOSITORY_FILE cannot be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
    }

    private static ProblemException Conflict(string variables) => Catalogue.SettingsConflict.Throwable($"Both {variables} are set.");

    private string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
