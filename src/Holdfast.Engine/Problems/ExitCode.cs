namespace Holdfast.Engine.Problems;

/// <summary>The exit codes of <c>holdfast</c>; 0 to 12 and 130 mean what they mean for restic, where it has them.</summary>
public enum ExitCode
{
    Success = 0,
    Failure = 1,

    /// <summary>Wrong arguments, or a profile with mistakes.</summary>
    Usage = 2,

    /// <summary>Done, but something was left out: the recovery point is incomplete.</summary>
    Incomplete = 3,

    /// <summary>A check found damage.</summary>
    Damaged = 4,

    /// <summary>A server or host can't be reached, or refuses us.</summary>
    Unreachable = 5,

    /// <summary>Something stands where the restore wants to write.</summary>
    InTheWay = 6,

    /// <summary>A check before a backup found something in its way, or could not find out.</summary>
    NotReady = 7,

    NoRepository = 10,
    Locked = 11,
    WrongPassword = 12,

    /// <summary>Of "wal fetch" alone: the file could not be had although it may be there. Any code above 125 stops PostgreSQL's recovery instead of ending it as complete.</summary>
    AbortRecovery = 126,
    Interrupted = 130,
}
