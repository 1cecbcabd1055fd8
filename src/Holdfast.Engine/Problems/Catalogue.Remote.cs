namespace Holdfast.Engine.Problems;

/// <summary>Problems of repositories that are on a server.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind RepositoryUnreachable = Kind("HF-REPO-UNREACHABLE", "The server of the repository does not answer, or only with failures that may pass.",
        "Check that it runs and that its URL is right, or that 'rclone lsd REMOTE:' or 'sftp HOST' works; nothing is lost, and what was stored already is found again.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind RepositoryRefused = Kind("HF-REPO-REFUSED", "The server of the repository does not accept who we are, or is not who it should be.",
        "Check the user and password ('repository.rest' in the profile, or RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD) and, for https, the authorities ('repository.rest.ca', or RESTIC_CACERT); for sftp, that 'ssh -o BatchMode=yes HOST' lets this user in with 'repository.sftp' of the profile.", ExitCode.Unreachable);
    public static readonly ProblemKind RepositoryCache = Kind("HF-REPO-CACHE", "The local cache of a repository on another machine is not used, so more is read from there.",
        "Make room for 'cache' in the state directory, and see that it belongs to the user who runs Holdfast and that no other may write there; or run with --no-cache.", ExitCode.Success);
}
