namespace Holdfast.Engine.Problems;

/// <summary>Problems of one database of PostgreSQL, which leave the others as they are.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind PostgresLeft = Kind("HF-PG-LEFT", "A database could not be captured, so it is not in the recovery point; the other databases are.",
        "Put right what PostgreSQL refused, then take another recovery point.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresNotRestored = Kind("HF-PG-NOT-RESTORED", "A database could not be restored; the other databases were.",
        "A database of that name that existed before is unchanged. Put right what PostgreSQL refused, then restore it alone with --include.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresMemory = Kind("HF-PG-MEMORY", "PostgreSQL has no memory left, or no room in its table of locks.",
        "A dump locks each table of a database: raise max_locks_per_transaction and restart the server, or name the database under 'exclude-databases'.", ExitCode.Failure);
    public static readonly ProblemKind PostgresLate = Kind("HF-PG-LATE", "A database was not loaded within the time that a restore has for it.",
        "Find out what its constraints, indexes and views wait for; 'load-timeout' of the cluster in the profile gives more time.", ExitCode.Failure);
    public static readonly ProblemKind PostgresGrant = Kind("HF-PG-GRANT", "A role could not be made a member of another one.",
        "Grant the role again by hand, as the message names it.", ExitCode.Incomplete);
}
