namespace Holdfast.Engine.Problems;

/// <summary>Problems of queues and of Redis.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind QueueUnreachable = Kind("HF-QUEUE-UNREACHABLE", "Redis does not answer.",
        "Check that the server runs, and 'connection' of the broker in the profile: host, port, and whether it wants TLS.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind QueueAuthentication = Kind("HF-QUEUE-AUTH", "Redis refuses the user or the password.",
        "Check 'connection.user' and 'connection.password' of the broker in the profile, and the server's ACL.", ExitCode.Unreachable);
    public static readonly ProblemKind QueuePermission = Kind("HF-QUEUE-PERMISSION", "The Redis user may not do what is needed.",
        "Give it the commands, keys and channels that /usr/share/doc/holdfast/queues.md lists (ACL SETUSER).", ExitCode.Unreachable);
    public static readonly ProblemKind QueueTls = Kind("HF-QUEUE-TLS", "A connection to Redis could not be secured.",
        "Check 'connection.tls' of the broker in the profile: the authority ('ca'), the name in the server's certificate ('verify'), and our own certificate.", ExitCode.Unreachable);
    public static readonly ProblemKind QueueLoading = Kind("HF-QUEUE-LOADING", "Redis is not ready: it loads its data, or is busy with a script.",
        "Wait until it is, then run again.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind QueueNotList = Kind("HF-QUEUE-TYPE", "A key that the profile calls a queue or list is something else.",
        "Correct 'queues' and 'lists' of the broker in the profile; TYPE in redis-cli tells what the key is.", ExitCode.Unreachable);
    public static readonly ProblemKind QueueFull = Kind("HF-QUEUE-FULL", "Redis has no memory left.",
        "Raise 'maxmemory', or make room; no message was lost.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind QueueUnwritable = Kind("HF-QUEUE-UNWRITABLE", "Redis may not be written now: it is a replica, or cannot save to its disk.",
        "Name the primary in the profile, or look at the server's log and disk.", ExitCode.Unreachable);
    public static readonly ProblemKind QueueRefused = Kind("HF-QUEUE-REFUSED", "Redis refused a command.",
        "Its own message says why.", ExitCode.Failure);
    public static readonly ProblemKind QueuePayload = Kind("HF-QUEUE-PAYLOAD", "Redis refuses the value of a key, as DUMP wrote it.",
        "Restore it to a Redis that is as new as the one it was taken from, or newer; 'points show' has its version.", ExitCode.Failure);
    public static readonly ProblemKind QueueBusy = Kind("HF-QUEUE-BUSY", "Work is left in the queues when it should be done.",
        "Wait until it is done ('holdfast queues wait'), raise 'drain-timeout', or stop what makes so much work.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind QueueUnknown = Kind("HF-QUEUE-UNKNOWN", "A worker listens and does not answer, so nobody knows whether it is idle.",
        "Look at the process: it is stopped, hangs, or blocks in a task (the pool 'solo'); restart it, or raise 'inspect-timeout'.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind QueueLeft = Kind("HF-QUEUE-LEFT", "The queues were not worked off when the recovery point was taken; what was left is in it.",
        "Nothing is lost. When this happens at each backup, raise 'drain-timeout', or look at what the messages wait for.", ExitCode.Success);
    public static readonly ProblemKind QueueRestless = Kind("HF-QUEUE-RESTLESS", "Tasks fall due so often that there was no calm moment to stop the workers.",
        "Take the backup at a quieter time, or see to it that tasks which must not be done twice can tell that they were done.", ExitCode.Success);
    public static readonly ProblemKind QueueUnlisted = Kind("HF-QUEUE-UNLISTED", "Workers have messages of a queue that the profile does not name.",
        "Add it to 'queues' of the broker in the profile.", ExitCode.Success);
    public static readonly ProblemKind QueueUncovered = Kind("HF-QUEUE-UNCOVERED", "A Redis database has keys that are not in the recovery point, because the profile does not name them.",
        "Name them under 'keys' of the broker in the profile (patterns are possible), or under 'ignore' when they are not needed.", ExitCode.Success);
    public static readonly ProblemKind QueueUnreadable = Kind("HF-QUEUE-UNREADABLE", "An entry of 'unacked' is not what kombu writes, so it is not in the recovery point.",
        "Look at it with HSCAN in redis-cli: another program may use the key, or another database or key prefix may be meant.", ExitCode.Incomplete);
    public static readonly ProblemKind QueueArchive = Kind("HF-QUEUE-ARCHIVE", "An archive of messages is not what it should be.",
        "Run 'holdfast repo check --read-data'; no message was deleted for it.", ExitCode.Damaged);
    public static readonly ProblemKind QueueRestored = Kind("HF-QUEUE-RESTORED", "Messages were put back once already, so they are not put back again.",
        "Nothing needs to be done: they may have been worked off since. 'holdfast restore --only queues --overwrite' and 'holdfast queues restore --again' do it all the same.", ExitCode.Success);
    public static readonly ProblemKind QueueForeign = Kind("HF-QUEUE-FOREIGN", "The recovery point holds a queue, list or key that the profile does not name; it was not put back.",
        "Name it under 'queues', 'lists' or 'keys' of the broker in the profile if it belongs to the platform, and restore again.", ExitCode.Incomplete);
    public static readonly ProblemKind QueueNone = Kind("HF-QUEUE-NONE", "A broker or queue was asked for that the profile does not have.",
        "See which there are with 'holdfast queues list', and 'components.queues' in the profile.", ExitCode.Usage);
}
