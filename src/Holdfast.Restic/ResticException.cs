namespace Holdfast.Restic;

/// <summary>What went wrong with a repository, so that a caller can choose a hint and an exit code.</summary>
public enum ResticError
{
    /// <summary>There is no repository at the place (restic exits with 10).</summary>
    NoRepository,

    /// <summary>There is something of a repository at the place, but its config is gone: what is there must not be made anew.</summary>
    ConfigLost,

    /// <summary>There is a repository at the place, but no key file: without one no password opens it.</summary>
    KeysLost,

    /// <summary>A repository is there already, so none is made.</summary>
    AlreadyThere,

    /// <summary>The place of a new repository holds other files.</summary>
    Occupied,

    /// <summary>No key opens with the password (restic exits with 12).</summary>
    WrongPassword,

    /// <summary>Somebody else holds a lock that does not go with ours (restic exits with 11).</summary>
    Locked,

    /// <summary>Our own lock could not be refreshed in time, or somebody removed it, so it may no longer be trusted.</summary>
    LockLost,

    /// <summary>Stored bytes are not what was written: truncated, flipped or missing.</summary>
    Damaged,

    /// <summary>A file of the repository is not there.</summary>
    NotFound,

    /// <summary>A snapshot, or a path in one, was asked for that is not there. The repository itself is not to blame.</summary>
    NoSuchName,

    /// <summary>The name of a snapshot fits several.</summary>
    Ambiguous,

    /// <summary>No room is left where the repository or the target is.</summary>
    Full,

    /// <summary>The place may not be written: read-only, or permissions.</summary>
    ReadOnly,

    /// <summary>The permissions of the place do not let this user read it.</summary>
    Unreadable,

    /// <summary>A format or feature that this library does not know.</summary>
    Unsupported,

    /// <summary>The folder to restore into can't be made or used.</summary>
    Target,

    /// <summary>Another user may write the folder to restore into, or lead it elsewhere.</summary>
    Unsafe,

    /// <summary>A symbolic link in the repository was not followed, because another user could have made it.</summary>
    ForeignLink,

    /// <summary>This machine has no OpenSSL of a version that can be used.</summary>
    NoOpenSsl,

    /// <summary>The server of the repository did not answer, or not so that it can be worked with; it may do so later.</summary>
    Unreachable,

    /// <summary>The server of the repository does not accept who we are, or is not who it should be.</summary>
    Refused,

    /// <summary>The server knows these keys and does not let them read what is asked for.</summary>
    Denied,

    /// <summary>The temporary keys for the server have expired.</summary>
    KeysExpired,

    /// <summary>The clocks of this machine and of the server are too far apart for what it accepts.</summary>
    ClockSkewed,

    /// <summary>Any other failure of input or output.</summary>
    InputOutput,
}

/// <summary>A failure of the repository. The message is one sentence about what happened and names the file.</summary>
public sealed class ResticException(ResticError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What kind of failure it is.</summary>
    public ResticError Error { get; } = error;

    /// <summary>What was stored can not be had: it is damaged, or not there.</summary>
    public bool IsLoss => Error is ResticError.Damaged or ResticError.NotFound;
}
