using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;
using Holdfast.Restic.Sftp;

namespace Holdfast.Engine.Profiles;

/// <summary>The location of the repository, and its credentials.</summary>
/// <param name="Path">The absolute path of a directory, or a location as restic writes it, without user and password.</param>
/// <param name="Password">The password of the repository.</param>
public sealed record RepositorySettings(string Path, string Password)
{
    /// <summary>The options for opening the repository; they apply to newly stored data.</summary>
    public OpenOptions Options { get; init; } = new();

    /// <summary>The credentials for the repository's server, if there is one.</summary>
    public RestOptions? Rest { get; init; }

    /// <summary>The settings of the object store that holds the repository.</summary>
    public S3Options? S3 { get; init; }

    /// <summary>The settings for SFTP servers, this one and others.</summary>
    public SftpOptions Sftp { get; init; } = new();

    /// <summary>True when the repository is on a server: it has no place in the file system.</summary>
    public static bool IsRemote(string path) => RestLocation.IsRest(path) || S3Location.IsS3(path) || SftpLocation.IsSftp(path);

    public IBackend Backend => BackendOf(Path);

    /// <summary>
    /// The backend of another repository, which an interrupted run used. Credentials are sent only to the same server.
    /// </summary>
    public IBackend BackendOf(string path) =>
        RestLocation.IsRest(path) ? RestBackendOf(path)
        : S3Location.IsS3(path) ? S3BackendOf(S3Location.Parse(path))
        : SftpLocation.IsSftp(path) ? new SftpBackend(SftpLocation.Parse(path), Sftp)
        : new LocalBackend(path);

    private RestBackend RestBackendOf(string path)
    {
        var location = RestLocation.Parse(path);
        var mayKnow = RestLocation.IsRest(Path) && IsSameServer(RestLocation.Parse(Path), location);
        return new RestBackend(location, mayKnow ? Rest ?? new RestOptions() : new RestOptions());
    }

    private S3Backend S3BackendOf(S3Location location)
    {
        var mayKnow = S3Location.IsS3(Path) && S3Location.Parse(Path).Endpoint == location.Endpoint;
        return new S3Backend(location, mayKnow ? S3 ?? new S3Options() : new S3Options());
    }

    /// <summary>The rclone settings are the same for all remotes.</summary>
    private static bool IsSameServer(RestLocation one, RestLocation other) =>
        one.Socket == other.Socket && one.Remote is null == other.Remote is null
        && one.Url.GetLeftPart(UriPartial.Authority) == other.Url.GetLeftPart(UriPartial.Authority);

    /// <summary>Keeps the password out of the text form of this record.</summary>
    public override string ToString() => $"RepositorySettings {{ Path = {Path} }}";
}
