namespace Holdfast.Engine.Problems;

/// <summary>Problems of repositories that are on a server.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind RepositoryUnreachable = Kind("HF-REPO-UNREACHABLE", "The server of the repository does not answer, or only with failures that may pass.",
        "Check that it runs and that its URL is right, or that 'rclone lsd REMOTE:' or 'sftp HOST' works; nothing is lost, and what was stored already is found again.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind RepositoryRefused = Kind("HF-REPO-REFUSED", "The server of the repository does not accept who we are, or is not who it should be.",
        "Check the user and password ('repository.rest' in the profile, or RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD), or the keys ('repository.s3', or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), and, for https, the authorities ('ca' there, or RESTIC_CACERT); for sftp, that 'ssh -o BatchMode=yes HOST' lets this user in with 'repository.sftp' of the profile.", ExitCode.Unreachable);
    public static readonly ProblemKind RepositoryDenied = Kind("HF-REPO-DENIED", "The keys of an object store are right, but do not have the rights that Holdfast needs.",
        "Give their user the rights that /usr/share/doc/holdfast/remote.md names, on this bucket and what is in it.", ExitCode.Unreachable);
    public static readonly ProblemKind RepositoryKeysExpired = Kind("HF-REPO-KEYS-EXPIRED", "The temporary keys of an object store have expired.",
        "Get new ones (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN), then run again: what was stored already is found again.", ExitCode.Unreachable);
    public static readonly ProblemKind RepositoryClock = Kind("HF-REPO-CLOCK", "An object store refuses requests because its clock and that of this machine differ by more than it allows, 15 minutes as a rule.",
        "Set the clock of this machine ('chronyc makestep', or 'timedatectl set-ntp true'), then run again.", ExitCode.Unreachable);
    public static readonly ProblemKind RepositoryCache = Kind("HF-REPO-CACHE", "The local cache of a repository on another machine is not used, so more is read from there.",
        "Make room for 'cache' in the state directory, and see that it belongs to the user who runs Holdfast and that no other may write there; or run with --no-cache.", ExitCode.Success);
}
