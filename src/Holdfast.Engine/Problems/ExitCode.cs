namespace Holdfast.Engine.Problems;

/// <summary>The exit codes of <c>holdfast</c>; 0 to 12 and 130 mean what they mean for restic, where it has them.</summary>
public enum ExitCode
{
    Success = 0,
    Failure = 1,

    /// <summary>Wrong arguments, or a profile with mistakes.</summary>
    Usage = 2,

    /// <summary>The run completed, but something was left out: the recovery point is incomplete.</summary>
    Incomplete = 3,

    /// <summary>A check found damage.</summary>
    Damaged = 4,

    /// <summary>A server or host cannot be reached, or refuses the connection.</summary>
    Unreachable = 5,

    /// <summary>A file or another object exists where the restore would write.</summary>
    InTheWay = 6,

    /// <summary>A check before a backup failed, or has no result.</summary>
    NotReady = 7,

    NoRepository = 10,
    Locked = 11,
    WrongPassword = 12,

    /// <summary>
    /// For "wal fetch" only: the file could not be retrieved although it may exist. Any code above 125 stops
    /// PostgreSQL's recovery instead of ending it as complete.
    /// </summary>
    AbortRecovery = 126,
    Interrupted = 130,
}
