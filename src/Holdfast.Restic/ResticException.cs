namespace Holdfast.Restic;

/// <summary>The kind of failure of a repository, by which a caller chooses a hint and an exit code.</summary>
public enum ResticError
{
    /// <summary>There is no repository at the location (restic exits with 10).</summary>
    NoRepository,

    /// <summary>
    /// The location contains parts of a repository, but its config is missing: it must not be initialized again.
    /// </summary>
    ConfigLost,

    /// <summary>The repository has no key file, so no password opens it.</summary>
    KeysLost,

    /// <summary>A repository already exists, so none is created.</summary>
    AlreadyThere,

    /// <summary>The location for a new repository contains other files.</summary>
    Occupied,

    /// <summary>The password opens no key (restic exits with 12).</summary>
    WrongPassword,

    /// <summary>Another process holds a conflicting lock (restic exits with 11).</summary>
    Locked,

    /// <summary>
    /// The lock of this process could not be refreshed in time, or another process removed it, so it is no longer
    /// valid.
    /// </summary>
    LockLost,

    /// <summary>Stored bytes are not what was written: truncated, altered or missing.</summary>
    Damaged,

    /// <summary>A file of the repository does not exist.</summary>
    NotFound,

    /// <summary>
    /// The requested snapshot, or a path in it, does not exist. The repository itself is not damaged.
    /// </summary>
    NoSuchName,

    /// <summary>The name of a snapshot matches several.</summary>
    Ambiguous,

    /// <summary>The file system of the repository or of the target is full.</summary>
    Full,

    /// <summary>The location is not writable: read-only, or permission denied.</summary>
    ReadOnly,

    /// <summary>Permission to read the location is denied.</summary>
    Unreadable,

    /// <summary>A format or feature that this library does not support.</summary>
    Unsupported,

    /// <summary>The directory to restore into cannot be created or used.</summary>
    Target,

    /// <summary>Another user can write to the directory to restore into, or redirect its path.</summary>
    Unsafe,

    /// <summary>
    /// A symbolic link in the repository was not followed, because another user could have created it.
    /// </summary>
    ForeignLink,

    /// <summary>This machine has no supported version of OpenSSL.</summary>
    NoOpenSsl,

    /// <summary>
    /// The server of the repository did not answer, or not in a usable way; the failure may be transient.
    /// </summary>
    Unreachable,

    /// <summary>
    /// Authentication failed: the server does not accept the credentials, or its identity could not be verified.
    /// </summary>
    Refused,

    /// <summary>The server accepts these keys, but denies them access.</summary>
    Denied,

    /// <summary>The temporary keys for the server have expired.</summary>
    KeysExpired,

    /// <summary>The clocks of this machine and of the server differ by more than the server accepts.</summary>
    ClockSkewed,

    /// <summary>Any other I/O failure.</summary>
    InputOutput,
}

/// <summary>
/// A failure of the repository. The message is one sentence that describes what happened and names the file.
/// </summary>
public sealed class ResticException(ResticError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind of the failure.</summary>
    public ResticError Error { get; } = error;

    /// <summary>True when stored data is not available: it is damaged or missing.</summary>
    public bool IsLoss => Error is ResticError.Damaged or ResticError.NotFound;
}
