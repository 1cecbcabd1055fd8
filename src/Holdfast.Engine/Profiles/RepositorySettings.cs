using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;
using Holdfast.Restic.Sftp;

namespace Holdfast.Engine.Profiles;

/// <summary>Where the repository is and what opens it.</summary>
/// <param name="Path">The absolute path of a directory, or a location as restic writes it, without user and password.</param>
/// <param name="Password">Opens it.</param>
public sealed record RepositorySettings(string Path, string Password)
{
    /// <summary>Used for what is newly stored.</summary>
    public OpenOptions Options { get; init; } = new();

    /// <summary>Who we are to the repository's server, when it is on one.</summary>
    public RestOptions? Rest { get; init; }

    /// <summary>How the object store is used that the repository is in.</summary>
    public S3Options? S3 { get; init; }

    /// <summary>How SFTP servers are reached, this one and others.</summary>
    public SftpOptions Sftp { get; init; } = new();

    /// <summary>True when the repository is on a server: it has no place in the file system.</summary>
    public static bool IsRemote(string path) => RestLocation.IsRest(path) || S3Location.IsS3(path) || SftpLocation.IsSftp(path);

    public IBackend Backend => BackendOf(Path);

    /// <summary>Another repository, which a run that was cut off has used. Only the same server is told who we are.</summary>
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

    /// <summary>rclone is the same for all its remotes.</summary>
    private static bool IsSameServer(RestLocation one, RestLocation other) =>
        one.Socket == other.Socket && one.Remote is null == other.Remote is null
        && one.Url.GetLeftPart(UriPartial.Authority) == other.Url.GetLeftPart(UriPartial.Authority);

    /// <summary>The password stays out of every text that is made of this.</summary>
    public override string ToString() => $"RepositorySettings {{ Path = {Path} }}";
}
