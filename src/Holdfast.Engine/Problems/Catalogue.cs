using System.Runtime.CompilerServices;

namespace Holdfast.Engine.Problems;

/// <summary>
/// Every kind of problem that Holdfast can report, in one place. docs/problems.md is written from it, and a test compares
/// them. A code is never reused and never changes its meaning.
/// </summary>
public static partial class Catalogue
{
    // It is filled by the fields of all parts, whichever comes first, so nothing initialises it.
    private static List<(string Part, ProblemKind Kind)>? _all;

    /// <summary>All kinds, in the order they are declared: those of this file, then those of the other parts by their files' names.</summary>
    public static IReadOnlyList<ProblemKind> All { get => field ??= [.. (_all ?? []).OrderBy(entry => entry.Part, StringComparer.Ordinal).Select(entry => entry.Kind)]; }

    // The repository.
    public static readonly ProblemKind RepositoryUnset = Kind("HF-REPO-UNSET", "Nothing says where the repository is.",
        "Name it with --repository and --password-file, or HOLDFAST_REPOSITORY and HOLDFAST_PASSWORD_FILE, set 'repository.path' in the profile, or RESTIC_REPOSITORY.", ExitCode.Usage);
    public static readonly ProblemKind SettingsConflict = Kind("HF-REPO-CONFLICT", "Two settings say different things about the repository.",
        "Unset one of them.", ExitCode.Usage);
    public static readonly ProblemKind RepositoryMissing = Kind("HF-REPO-MISSING", "There is no repository at the place.",
        "Verify that its disk or share is mounted and that 'repository.path' in the profile is right; make a new one with 'holdfast init' only where there has never been one.", ExitCode.NoRepository);
    public static readonly ProblemKind RepositoryConfigLost = Kind("HF-REPO-CONFIG-LOST", "There is a repository at the place that has lost its file 'config', without which nothing in it can be read.",
        "Put 'config' back: from the kit ('holdfast repo kit --restore'), or from another copy of the repository. Make no new repository here. Only where an init was cut off is nothing lost: then there is one file in 'keys' and nothing else, and that may be removed.", ExitCode.Damaged);
    public static readonly ProblemKind RepositoryKeysLost = Kind("HF-REPO-KEYS-LOST", "There is a repository at the place, but no key file, without which no password opens it.",
        "Put the files of 'keys' back: from the kit ('holdfast repo kit --restore'), or from another copy of the repository. Make no new repository here.", ExitCode.Damaged);
    public static readonly ProblemKind RepositoryExists = Kind("HF-REPO-EXISTS", "A repository is there already, so none is made.",
        "Use it as it is, or choose an empty place for the new one.", ExitCode.InTheWay);
    public static readonly ProblemKind RepositoryKit = Kind("HF-REPO-KIT", "The recovery kit of a repository cannot be written, or does not fit the repository.",
        "To write one, name a directory that is not there yet or is empty, best on another disk; to put one back, name the one that was written of this repository, and the password of then.", ExitCode.InTheWay);
    public static readonly ProblemKind RepositoryPassword = Kind("HF-REPO-PASSWORD", "No key of the repository opens with the password.",
        "Check where the password comes from, in this order: --password-file, HOLDFAST_PASSWORD_FILE, 'repository.password' in the profile, RESTIC_PASSWORD_FILE; a line break at the end is not the cause.", ExitCode.WrongPassword);
    public static readonly ProblemKind RepositoryLocked = Kind("HF-REPO-LOCKED", "Another process holds a lock on the repository that does not go with ours.",
        "Wait until it has ended. If its holder is dead: 'holdfast repo unlock' removes the lock once it is 30 minutes old; with --all at once, together with those of living processes.", ExitCode.Locked, transient: true);
    public static readonly ProblemKind RepositoryLockLost = Kind("HF-REPO-LOCK-LOST", "The lock on the repository could not be refreshed in time, so it may no longer be trusted.",
        "Check that the repository can be written, then run again; what was stored already is found again.", ExitCode.Locked, transient: true);
    public static readonly ProblemKind RepositoryUnlocked = Kind("HF-REPO-UNLOCKED", "The repository is read-only, so it was read without a lock.",
        "Let nobody prune it meanwhile; with --no-lock this is not said.", ExitCode.Success);
    public static readonly ProblemKind RepositoryDamaged = Kind("HF-REPO-DAMAGED", "Stored bytes are not what was written: truncated, flipped or missing.",
        "Run 'holdfast repo check --read-data' to see which recovery points are affected, and look at the disk.", ExitCode.Damaged);
    public static readonly ProblemKind RepositoryFull = Kind("HF-REPO-FULL", "No room is left where the repository is.",
        "Make room and run again: nothing is lost, and what was stored already is found again.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind RepositoryReadOnly = Kind("HF-REPO-READONLY", "The repository may not be written.",
        "Check the mount and the owner of the repository, or the rights of the keys of its object store, and run as a user that may write there.", ExitCode.Failure);
    public static readonly ProblemKind RepositoryUnsupported = Kind("HF-REPO-UNSUPPORTED", "The place or the format of the repository is one that this version does not know.",
        "Use a local path, a REST server (rest:https://host:8000/path/), an SFTP server (sftp:user@host:/path), a bucket (s3:https://host/bucket/path) or a remote of rclone (rclone:remote:path), or a newer version of Holdfast.", ExitCode.Usage);
    public static readonly ProblemKind RepositoryIo = Kind("HF-REPO-IO", "Reading or writing the repository failed.",
        "Look at the disk or mount of the repository, then run again: nothing is lost.", ExitCode.Failure, transient: true);

    // Recovery points.
    public static readonly ProblemKind PointMissing = Kind("HF-POINT-NONE", "There is no such recovery point.",
        "See which there are with 'holdfast points list'.", ExitCode.Failure);
    public static readonly ProblemKind PointAmbiguous = Kind("HF-POINT-AMBIGUOUS", "The beginning of an id fits several recovery points.",
        "Give more digits of the id; 'holdfast points list' shows them.", ExitCode.Usage);
    public static readonly ProblemKind PointManifest = Kind("HF-POINT-MANIFEST", "The manifest of a recovery point cannot be read.",
        "Run 'holdfast repo check --read-data', and use another recovery point; the stock restic can restore the files of this one.", ExitCode.Damaged);
    public static readonly ProblemKind PointFormat = Kind("HF-POINT-FORMAT", "The recovery point was made in a format that this version does not know.",
        "Use the version of Holdfast that made it, or a newer one.", ExitCode.Failure);
    public static readonly ProblemKind PointUnverified = Kind("HF-POINT-UNVERIFIED", "The recovery point was written, but reading it back did not give what was written.",
        "The point was not kept. 'holdfast repo check' names the packs that are gone or cut short (with --read-data also those with wrong bytes: move these away). The stock 'restic rebuild-index' then takes what they held out of the index, and the next backup stores it anew from what the platform has; points that the check names even then have lost something for good ('holdfast points forget ID' and 'restic prune' remove them). Look at the disk.", ExitCode.Damaged);
    public static readonly ProblemKind PointIncomplete = Kind("HF-POINT-INCOMPLETE", "Something that the profile asks for is not in the recovery point.",
        "See the warnings for what is missing; put it right, or mark it optional in the profile, and take another point.", ExitCode.Incomplete);
    public static readonly ProblemKind PointPlatform = Kind("HF-POINT-PLATFORM", "The recovery point is of another platform than the profile.",
        "Name the profile of the point's platform with --profile, or restore below a directory with --target.", ExitCode.Usage);
    public static readonly ProblemKind ComponentUnknown = Kind("HF-COMPONENT-UNKNOWN", "A component was asked for that is not there.",
        "Name a component, a kind of component, or a part (postgres/main:shop); 'holdfast points show' lists all of them.", ExitCode.Usage);

    // Profiles and secrets.
    public static readonly ProblemKind ProfileExists = Kind("HF-PROFILE-EXISTS", "There is a profile already, so none is written.",
        "Name another file with --output, or overwrite it with --force.", ExitCode.InTheWay);
    public static readonly ProblemKind ProfileMissing = Kind("HF-PROFILE-MISSING", "There is no profile at the place, or it cannot be read.",
        "Write a first one with 'holdfast setup', or name one with --profile or HOLDFAST_PROFILE. Samples are in /usr/share/holdfast/profiles; 'holdfast profile schema' shows what may stand in one.", ExitCode.Usage);
    public static readonly ProblemKind ProfileClear = Kind("HF-PROFILE-CLEAR", "A password of the profile crosses the network unencrypted.",
        "Write https:// in 'url', with 'ca' where the server has an authority of its own.", ExitCode.Success);
    public static readonly ProblemKind ProfileInvalid = Kind("HF-PROFILE-INVALID", "The profile has mistakes; all of them are listed.",
        "Correct the lines named; 'holdfast profile schema' shows what may stand there.", ExitCode.Usage);
    public static readonly ProblemKind ProfileUntrusted = Kind("HF-PROFILE-UNTRUSTED", "A profile out of a repository names commands, secrets or servers, and no person has confirmed it.",
        "Look at what it would do with 'holdfast restore --plan', then answer the question, or say --trust-profile. Or write it to a file with 'holdfast points profile --output FILE', and name that with --profile.", ExitCode.Usage);
    public static readonly ProblemKind SecretUnset = Kind("HF-SECRET-UNSET", "Nothing says where the password of the repository comes from.",
        "Name its file with --password-file or HOLDFAST_PASSWORD_FILE, set 'repository.password' in the profile, RESTIC_PASSWORD_FILE or RESTIC_PASSWORD_COMMAND.", ExitCode.Usage);
    public static readonly ProblemKind SecretUnreadable = Kind("HF-SECRET-UNREADABLE", "A secret cannot be read from where the profile says.",
        "Check that the place named exists and that this user may read it.", ExitCode.Failure);
    public static readonly ProblemKind SecretEmpty = Kind("HF-SECRET-EMPTY", "The place of a secret holds nothing.",
        "Put the secret there; an empty one is never used.", ExitCode.Failure);
    public static readonly ProblemKind SecretExposed = Kind("HF-SECRET-EXPOSED", "The file of a secret can be read by other users.",
        "Take the right away: chmod 600, and see who could have read it.", ExitCode.Success);

    public static readonly ProblemKind PathUnsafe = Kind("HF-PATH-UNSAFE", "Another user could change a file or directory that Holdfast acts on: a profile, a secret, its state, a link in a repository.",
        "Give the path to root (or to the user that runs Holdfast), take the write permission of others away, and look at what it holds: chown, chmod go-w.", ExitCode.Failure);

    // Programs, steps and runs.
    public static readonly ProblemKind ProgramMissing = Kind("HF-PROGRAM-MISSING", "A program that is needed is not there.",
        "Install the package that has it, or add its directory to PATH.", ExitCode.Failure);
    public static readonly ProblemKind ProgramRefused = Kind("HF-PROGRAM-REFUSED", "A program could not be started.",
        "Check that this user may run it; running as another user needs root.", ExitCode.Failure);
    public static readonly ProblemKind ProgramFailed = Kind("HF-PROGRAM-FAILED", "A program ended with an error.",
        "Its own message says why.", ExitCode.Failure);
    public static readonly ProblemKind CommandValue = Kind("HF-COMMAND-VALUE", "A value from a database or a server cannot be a word of a command.",
        "Look at the row or name: somebody may want to give the program an option. Or write the word of the profile so that the value cannot begin it: '--id={id}'.", ExitCode.Failure);
    public static readonly ProblemKind StepFailed = Kind("HF-STEP-FAILED", "A step failed for a reason that Holdfast does not know.",
        "Nothing is lost; run again, and if it stays, report it with the journal of the run.", ExitCode.Failure);
    public static readonly ProblemKind StepTimeout = Kind("HF-STEP-TIMEOUT", "A step took longer than its deadline, and was stopped.",
        "Find out what it waited for, then run again.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind StepAbandoned = Kind("HF-STEP-ABANDONED", "A step did not end although it was cancelled, so the run undid what it had registered without waiting for it.",
        "Find out what it waits for: a mount that hangs, a FIFO, a disk that fails. It ends with the process.", ExitCode.Failure);
    public static readonly ProblemKind RunInterrupted = Kind("HF-RUN-INTERRUPTED", "The run was stopped by a person or by the system.",
        "Pending undos were completed. Run the command again when it suits: what was stored already is not stored again.", ExitCode.Interrupted);
    public static readonly ProblemKind WindowUnknown = Kind("HF-WINDOW-UNKNOWN", "The profile does not say which services the platform consists of, so it cannot be stopped.",
        "Name them under 'services' in the profile, or use --mode online.", ExitCode.Usage);
    public static readonly ProblemKind WindowLate = Kind("HF-WINDOW-LATE", "The platform did not stand still in time, or what was done meanwhile took too long; it was started again.",
        "Find out what keeps it busy, raise 'quiesce.deadline' in the profile, or use --mode online.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind WindowGivenUp = Kind("HF-WINDOW-GIVEN-UP", "The platform did not stand still, so the recovery point was taken while it ran.",
        "The point is whole, and its components are of slightly different instants; find out what keeps the platform busy.", ExitCode.Success);
    public static readonly ProblemKind RunInProgress = Kind("HF-RUN-IN-PROGRESS", "Another run for the same platform has not ended.",
        "Wait until it has ended; a dead run never holds on to this.", ExitCode.Locked, transient: true);
    public static readonly ProblemKind UndoFailed = Kind("HF-UNDO-FAILED", "Something that was begun could not be taken back.",
        "Put right what the message names; it stays owed, and 'holdfast recover' tries again.", ExitCode.Failure);
    public static readonly ProblemKind UndoLost = Kind("HF-UNDO-LOST", "What was begun can no longer be taken back: somebody has changed what it needs.",
        "Look at what the message names, and put it right by hand; it is not tried again.", ExitCode.Incomplete);
    public static readonly ProblemKind RunUnknown = Kind("HF-RUN-UNKNOWN", "There is no such run.",
        "See which there are with 'holdfast runs list --all'.", ExitCode.Usage);
    public static readonly ProblemKind RunRecovered = Kind("HF-RUN-RECOVERED", "An earlier run died before its end; what it owed has been taken back.",
        "Nothing needs to be done; the journal of that run tells how far it came.", ExitCode.Success);
    public static readonly ProblemKind StateUnwritable = Kind("HF-STATE-UNWRITABLE", "The journal cannot be written, so nothing is begun.",
        "Make room in the state directory or correct its owner; HOLDFAST_STATE names another one.", ExitCode.Failure);
    public static readonly ProblemKind JournalDamaged = Kind("HF-JOURNAL-DAMAGED", "The journal of an earlier run cannot be read, so what it owes is not known.",
        "Look at the file named, undo by hand what it says was begun, then move it away.", ExitCode.Damaged);

    // PostgreSQL.
    public static readonly ProblemKind PostgresUnreachable = Kind("HF-PG-UNREACHABLE", "PostgreSQL does not answer.",
        "Check that the server runs, and 'connection' in the profile.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind PostgresAuthentication = Kind("HF-PG-AUTH", "PostgreSQL refuses the user or the password.",
        "Check 'connection.user' and 'connection.password' in the profile, and pg_hba.conf; where that says 'peer', name the operating system's user in 'connection.system-user'.", ExitCode.Unreachable);
    public static readonly ProblemKind PostgresDatabaseMissing = Kind("HF-PG-DATABASE", "A database that the profile names does not exist.",
        "Correct 'databases' in the profile, or use 'databases: all'.", ExitCode.Unreachable);
    public static readonly ProblemKind PostgresPermission = Kind("HF-PG-PERMISSION", "The PostgreSQL user may not do what is needed.",
        "Use a superuser, or grant pg_read_all_data for a backup.", ExitCode.Unreachable);
    public static readonly ProblemKind PostgresVersion = Kind("HF-PG-VERSION", "The PostgreSQL server and the tools at hand do not go together.",
        "Install the client tools of the server's version or of a newer one.", ExitCode.Failure);
    public static readonly ProblemKind PostgresLocked = Kind("HF-PG-LOCKED", "A table was locked by somebody else for too long.",
        "Find out who alters tables (pg_locks, pg_stat_activity), and run again when it is done.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind PostgresClosed = Kind("HF-PG-CLOSED", "A database allows no connections, so it is not in the recovery point.",
        "ALTER DATABASE ... ALLOW_CONNECTIONS true; or name it under 'exclude-databases' when it need not be captured.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresBusy = Kind("HF-PG-BUSY", "PostgreSQL has no connection left for us.",
        "Raise max_connections, or let fewer others connect meanwhile; a backup holds one connection for each database and 'jobs' of the profile more.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind PostgresFull = Kind("HF-PG-FULL", "No room is left where PostgreSQL keeps its data.",
        "Make room there, then run again; nothing that was there before has been touched.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind PostgresRefused = Kind("HF-PG-REFUSED", "PostgreSQL refused a statement.",
        "Its own message says why; the SQLSTATE in brackets is explained in appendix A of its manual.", ExitCode.Failure);
    public static readonly ProblemKind PostgresSequence = Kind("HF-PG-SEQUENCE", "A sequence is behind the column it numbers.",
        "Set it above the column's largest value with setval(), or the next inserts will fail.", ExitCode.Success);
    public static readonly ProblemKind PostgresAnalyze = Kind("HF-PG-ANALYZE", "A restored database has no statistics of some tables yet.",
        "Run ANALYZE in it, leaving out the tables that the message is about; autovacuum does so in time.", ExitCode.Success);
    public static readonly ProblemKind PostgresAside = Kind("HF-PG-ASIDE", "The old database that a restore replaced could not be dropped.",
        "Drop it by hand when nothing uses it any more.", ExitCode.Success);
    public static readonly ProblemKind PostgresPasswords = Kind("HF-PG-PASSWORDS", "The passwords of PostgreSQL's roles are not in the recovery point.",
        "Let a superuser take the backup, or be ready to give the roles new passwords after a restore.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresDump = Kind("HF-PG-DUMP", "A database could not be dumped to its end, so it is in no recovery point.",
        "The message says which program failed, and why; nothing was changed in the database.", ExitCode.Failure);
    public static readonly ProblemKind PostgresRestore = Kind("HF-PG-RESTORE", "A database could not be restored to its end.",
        "A database of that name that existed before is unchanged. Put right what PostgreSQL refused, or keep the rest of a dump with 'restore --keep-going', which lists what was refused.", ExitCode.Failure);
    public static readonly ProblemKind PostgresLacking = Kind("HF-PG-LACKING", "A database was restored without parts that PostgreSQL refused.",
        "Make the listed objects again by hand, or load the rows from 'holdfast restore --target'; the functions and rows named in the list show why.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresTablespace = Kind("HF-PG-TABLESPACE", "A tablespace could not be made, because its folder is missing.",
        "Make the folder on the server's machine, empty and owned by the server's user with mode 0700, then restore again.", ExitCode.Failure);
    public static readonly ProblemKind PostgresNoTablespace = Kind("HF-PG-TABLESPACE-LEFT", "A tablespace that no restored database uses could not be made.",
        "Make its folder on the server's machine, owned by the server's user, then make the tablespace again with CREATE TABLESPACE.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresRole = Kind("HF-PG-ROLE", "There is no role of PostgreSQL that the profile's own SQL could safely run as.",
        "Name one under 'role' of the cluster in the profile, best one that owns the tables and is no superuser; or let Holdfast sign in as a user who is none.", ExitCode.Failure);
    public static readonly ProblemKind PostgresUnreadable = Kind("HF-PG-UNREADABLE", "The PostgreSQL user may not read some of what belongs to a database, so it is not in the recovery point.",
        "Let a superuser take the backup, grant what is missing, or be ready to make these objects anew after a restore.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresHeld = Kind("HF-PG-HELD", "A database that is to be replaced is held by a prepared transaction.",
        "End it in that database with COMMIT PREPARED or ROLLBACK PREPARED, then restore again; nothing has been touched.", ExitCode.InTheWay);
    public static readonly ProblemKind PostgresScript = Kind("HF-PG-SCRIPT", "A script in a recovery point is not what pg_dump writes, so nothing of it is run.",
        "Look at it with 'holdfast restore --target'; somebody may have changed it, or the server that it came from.", ExitCode.Failure);
    public static readonly ProblemKind PostgresInvalid = Kind("HF-PG-INVALID", "A database is invalid since a DROP DATABASE was broken off: PostgreSQL lets nobody use it, so it is not in the recovery point.",
        "DROP DATABASE it, or restore one of its name.", ExitCode.Success);
    public static readonly ProblemKind PostgresName = Kind("HF-PG-NAME", "The name of a database, role or tablespace is not UTF-8, so it is not in the recovery point.",
        "Rename it in a session of the database that it was made in (ALTER DATABASE or ROLE ... RENAME TO ...), or use 'method: base'.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresBackup = Kind("HF-PG-BACKUP", "A base backup could not be taken to its end, so it is in no recovery point.",
        "See the message of PostgreSQL; nothing was changed in the cluster, and what was stored already is found again.", ExitCode.Failure);
    public static readonly ProblemKind PostgresFiles = Kind("HF-PG-FILES", "The files of a PostgreSQL cluster cannot be read or written.",
        "Run on the server's own machine as root or as the owner of the data directory, or use the method dump.", ExitCode.Failure);
    public static readonly ProblemKind PostgresSetting = Kind("HF-PG-SETTING", "A setting of the PostgreSQL server stands in the way.",
        "Change it as the message says.", ExitCode.Failure);
    public static readonly ProblemKind PostgresSlot = Kind("HF-PG-SLOT", "No replication slot could be made, so nothing keeps the server from removing WAL during a base backup.",
        "Raise max_replication_slots, and let the user have REPLICATION; the backup is good if its WAL was still there, which was looked at.", ExitCode.Success);
    public static readonly ProblemKind PostgresLogicalSlots = Kind("HF-PG-LOGICAL-SLOT", "Logical replication slots are not in the recovery point.",
        "After a restore create them again (pg_create_logical_replication_slot), and let their consumers copy the data anew.", ExitCode.Success);
    public static readonly ProblemKind PostgresWalLost = Kind("HF-PG-WAL-LOST", "WAL that a base backup needs is not there.",
        "Raise max_replication_slots or wal_keep_size (max_slot_wal_keep_size, if that is set), and take another backup.", ExitCode.Failure);
    public static readonly ProblemKind PostgresChecksum = Kind("HF-PG-CHECKSUM", "Pages in PostgreSQL's files do not fit their checksums.",
        "Look at the disk, and keep the older recovery points: they may hold the pages as they were. pg_amcheck tells which tables are hurt.", ExitCode.Damaged);
    public static readonly ProblemKind PostgresMap = Kind("HF-PG-MAP", "What a recovery point has to compare the pages of PostgreSQL's files by cannot be read.",
        "Nothing is lost by it, but the repository is damaged: run 'holdfast repo check --read-data', which says what else is.", ExitCode.Success);
    public static readonly ProblemKind PostgresService = Kind("HF-PG-SERVICE", "The unit of systemd that runs a PostgreSQL server could not be stopped or started.",
        "See 'systemctl status' of the unit that 'service' of the cluster names.", ExitCode.Failure);
    public static readonly ProblemKind PostgresRunning = Kind("HF-PG-RUNNING", "A PostgreSQL server runs whose files are to be copied or replaced.",
        "Stop it, and run again.", ExitCode.InTheWay);
    public static readonly ProblemKind PostgresUnclean = Kind("HF-PG-UNCLEAN", "A PostgreSQL server is down without having been shut down.",
        "Start it, so that it repairs itself from its WAL, and stop it again.", ExitCode.Failure);
    public static readonly ProblemKind PostgresTarget = Kind("HF-PG-TARGET", "The wished point in time cannot be reached.",
        "Choose another one, as the message says, or restore the newest recovery point as it is.", ExitCode.Failure);
    public static readonly ProblemKind PostgresRecovery = Kind("HF-PG-RECOVERY", "The restored PostgreSQL server did not come up.",
        "See its log; its files are complete. What stood there before is beside it, unless --delta or --overwrite was given.", ExitCode.Failure);

    // The archive of PostgreSQL's write-ahead log.
    public static readonly ProblemKind WalInvalid = Kind("HF-WAL-INVALID", "A file is not the WAL that its name says.",
        "Let PostgreSQL name the file: archive_command is 'holdfast wal push %p', and restore_command 'holdfast wal fetch %f %p'.", ExitCode.Failure);
    public static readonly ProblemKind WalForeign = Kind("HF-WAL-FOREIGN", "A WAL segment is of another cluster than the archive.",
        "Give a new cluster another name in the profile, and name it with --cluster in archive_command; the archive of the old one stays as it is.", ExitCode.Failure);
    public static readonly ProblemKind WalDiffers = Kind("HF-WAL-DIFFERS", "The archive has a WAL file of the same name with other content; nothing is overwritten.",
        "Find out whether two servers archive to the same place (a copy of the cluster that was started, say), and stop one of them.", ExitCode.Failure);
    public static readonly ProblemKind WalUnreadable = Kind("HF-WAL-UNREADABLE", "A WAL file cannot be read.",
        "Check that 'holdfast serve' runs on the machine of the cluster, as root or as the owner of its files.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind WalGap = Kind("HF-WAL-GAP", "WAL is missing between segments that are there, so nothing can be replayed past it.",
        "Take a recovery point now: from there on the log is whole again.", ExitCode.Incomplete);
    public static readonly ProblemKind WalBaseless = Kind("HF-WAL-BASELESS", "WAL is archived that no recovery point can be recovered with.",
        "Take a recovery point with method 'base' or 'cold': WAL is replayed on the files of one.", ExitCode.Incomplete);
    public static readonly ProblemKind WalLate = Kind("HF-WAL-LATE", "The archive is behind the server.",
        "See the server's log and 'journalctl -u holdfast-serve' for why segments are not archived; PostgreSQL keeps them until they are.", ExitCode.Incomplete, transient: true);
    public static readonly ProblemKind WalTimeline = Kind("HF-WAL-TIMELINE", "The archive and the server are on different timelines.",
        "Find out which server is the right one, let no copy of it archive ('archive_mode = off'), and take a recovery point of it; 'holdfast restore --to-timeline' says which timeline is followed.", ExitCode.Incomplete);
    public static readonly ProblemKind WalUnwritable = Kind("HF-WAL-TARGET", "A WAL file could not be written where PostgreSQL wants it.",
        "Make room there, or correct the owner of the directory.", ExitCode.Failure);
    public static readonly ProblemKind WalScattered = Kind("HF-WAL-SCATTERED", "The many small snapshots of archived WAL could not be made one.",
        "Nothing is lost, and it is tried again with the next recovery point; the message says what stood in the way.", ExitCode.Success);
    public static readonly ProblemKind ArchivingOff = Kind("HF-WAL-OFF", "The server does not archive its WAL.",
        "Switch it on with 'holdfast postgres enable-archiving'.", ExitCode.Incomplete);
    public static readonly ProblemKind ArchivingUnproven = Kind("HF-WAL-UNPROVEN", "No segment arrived in the archive after archiving was switched on.",
        "See the server's log for what archive_command said, and check that 'holdfast serve' runs.", ExitCode.Incomplete);
    public static readonly ProblemKind PostgresRestart = Kind("HF-PG-RESTART", "Settings of a PostgreSQL server are changed, and take effect only when it is restarted.",
        "Restart it when it suits ('systemctl restart postgresql', or the unit of the cluster), then run the same command again: it proves that all works.", ExitCode.Incomplete);
    public static readonly ProblemKind ClusterUnknown = Kind("HF-PG-CLUSTER", "It is not said which PostgreSQL cluster is meant, or the profile has no such one.",
        "Name one of the clusters in 'components: postgres:' of the profile with --cluster.", ExitCode.Usage);

    // The service that keeps the repository open.
    public static readonly ProblemKind ServeAway = Kind("HF-SERVE-AWAY", "The service 'holdfast serve' does not answer.",
        "Start it: 'systemctl start holdfast-serve'; when its socket is elsewhere, name it with --socket.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind ServeRuns = Kind("HF-SERVE-RUNS", "Another 'holdfast serve' answers at the socket already.",
        "Stop that one, or choose another socket with --socket.", ExitCode.Locked);
    public static readonly ProblemKind ServeSocket = Kind("HF-SERVE-SOCKET", "The socket of the service cannot be made.",
        "Check the directory of the socket and 'serve' in the profile; giving the socket to another user needs root.", ExitCode.Failure);
    public static readonly ProblemKind ServeRequest = Kind("HF-SERVE-REQUEST", "The service was asked for something that it does not understand.",
        "Use the same version of Holdfast on both sides.", ExitCode.Usage);

    // Restores.
    public static readonly ProblemKind TargetNotEmpty = Kind("HF-RESTORE-IN-THE-WAY", "Something stands where the restore wants to write.",
        "Choose an empty target, or tell the restore what to do with it: --overwrite.", ExitCode.InTheWay);
    public static readonly ProblemKind TargetFull = Kind("HF-RESTORE-FULL", "No room is left where the restore writes.",
        "Make room or choose another --target, then run again.", ExitCode.Failure);
    public static readonly ProblemKind RestoreFailures = Kind("HF-RESTORE-INCOMPLETE", "Some entries could not be restored; the rest was.",
        "See the entries named, put right what kept them, then run again.", ExitCode.Incomplete);
    public static readonly ProblemKind RestoreNothing = Kind("HF-RESTORE-NOTHING", "Nothing in the recovery point fits what a restore was asked to include.",
        "See the paths with 'holdfast points files'. A pattern that begins with a slash is a whole path; * and ** stand for any name and any folders; databases, queues and indices go by their names.", ExitCode.Usage);
    public static readonly ProblemKind RestoreOwners = Kind("HF-RESTORE-OWNERS", "Users or groups that own restored files do not exist on this machine, so the files have the numbers that these had.",
        "Make the users and groups, as their packages do, and run the same restore again; or say --numeric-owner when the numbers are meant.", ExitCode.Incomplete);
    public static readonly ProblemKind RestoreUnselected = Kind("HF-RESTORE-UNSELECTED", "A recovery point that was not made by this machine has files, indices, aliases, templates or pipelines that the profile does not select, or a cluster for a place where this machine has none; or files differ from a point that only a configuration of another user names: they were left out.",
        "They may be certificates, what links lead to, and templates of other indices; or what somebody has put into the repository. Look at them with 'restore --plan'; when they are meant, run again with --unselected, or name them in the profile.", ExitCode.Incomplete);
    public static readonly ProblemKind TargetUnsafe = Kind("HF-RESTORE-UNSAFE", "Another user may write the directory named with --target, or a directory above it, so the restore could be led elsewhere.",
        "Name a directory that does not exist yet, in one that only root may write (or in /tmp); or take the right of others away: chown root, chmod go-w.", ExitCode.InTheWay);
    public static readonly ProblemKind TargetUnusable = Kind("HF-RESTORE-TARGET", "The place that a restore writes to cannot be used.",
        "Name with --target a directory that this user may write, or one to be made; see what stands at the place.", ExitCode.InTheWay);

    // The platform's services.
    public static readonly ProblemKind PlatformUnset = Kind("HF-PLATFORM-UNSET", "The profile names no services, so there is nothing to stop or start.",
        "Name the platform's units in 'services' of the profile.", ExitCode.Usage);
    public static readonly ProblemKind StoppedDamaged = Kind("HF-PLATFORM-RECORD", "The record of what 'platform stop' stopped cannot be read.",
        "Look at the file named; when it is of no use, remove it and start the platform's units by hand.", ExitCode.Failure);
    public static readonly ProblemKind SystemdMissing = Kind("HF-SYSTEMD-MISSING", "The service manager systemd does not answer on this machine.",
        "Run on the machine of the platform, where systemd is the first process.", ExitCode.Unreachable);
    public static readonly ProblemKind SystemdRefused = Kind("HF-SYSTEMD-REFUSED", "The service manager systemd refused what it was asked to do.",
        "Its own message says why; stopping and starting units needs root.", ExitCode.Failure);
    public static readonly ProblemKind UnitMissing = Kind("HF-UNIT-MISSING", "A unit or pattern of the profile fits nothing on this machine.",
        "Correct its name in 'services' of the profile, or take it out there when this machine does not have it.", ExitCode.Success);
    public static readonly ProblemKind UnitMasked = Kind("HF-UNIT-MASKED", "A unit is masked, so it cannot be started.",
        "Unmask it with 'systemctl unmask', or stop it by hand when it is not wanted any more.", ExitCode.Failure);
    public static readonly ProblemKind PlatformRuns = Kind("HF-PLATFORM-RUNS", "The platform runs while it is restored in place, so that users go on writing into what is replaced.",
        "Stop it with 'holdfast platform stop' before the restore, and start it with 'holdfast platform start' afterwards.", ExitCode.Success);
    public static readonly ProblemKind UnitUnstartable = Kind("HF-UNIT-UNSTARTABLE", "A unit of the platform runs that could not be started again, or may not be stopped, so nothing was stopped.",
        "Stop the unit by hand and take it out of 'services', or give it a unit file: put a lost file back, then run 'systemctl daemon-reload'.", ExitCode.Failure);
    public static readonly ProblemKind UnitBusy = Kind("HF-UNIT-BUSY", "A job that a timer of the platform had started did not end in time, so it was stopped and is started again with the platform.",
        "Let the job end quickly when it is stopped, take the backup at another time, or raise 'stop-timeout' of its group to wait longer.", ExitCode.Success);
    public static readonly ProblemKind UnitTied = Kind("HF-UNIT-TIED", "A unit would be stopped by systemd together with others, at the wrong time.",
        "Put the units that depend on each other into the right groups of 'services', or change Requires=, BindsTo= or PartOf= of the units.", ExitCode.Failure);
    public static readonly ProblemKind UnitSelf = Kind("HF-UNIT-SELF", "The unit that Holdfast itself runs in would be stopped.",
        "Take that unit out of 'services' of the profile, or run Holdfast outside of it.", ExitCode.Failure);
    public static readonly ProblemKind UnitHangs = Kind("HF-UNIT-HANGS", "A unit did not stop in time.",
        "See the last lines of its log; give it longer with 'stop-timeout' in the profile, or look why it does not end.", ExitCode.Failure, transient: true);
    public static readonly ProblemKind UnitKilled = Kind("HF-UNIT-KILLED", "A unit did not end when it was asked to, so systemd killed it.",
        "It may have left work half done: see its log, and give it longer with TimeoutStopSec= of the unit.", ExitCode.Success);
    public static readonly ProblemKind UnitReturned = Kind("HF-UNIT-RETURNED", "A unit that had been stopped was started again by something else.",
        "Find out what starts it (its log, 'systemctl list-dependencies --reverse'), and put that into 'services' of the profile too.", ExitCode.Failure);
    public static readonly ProblemKind UnitDown = Kind("HF-UNIT-DOWN", "A unit did not come up again, or died soon after.",
        "See the last lines of its log, put it right, then run 'holdfast recover'.", ExitCode.Failure);
    public static readonly ProblemKind ProcessesLeft = Kind("HF-PROCESSES-LEFT", "Processes of the platform run although its units are stopped.",
        "End them, or let Holdfast do it with --kill-strays or 'kill-strays: true' in the profile.", ExitCode.Failure);
    public static readonly ProblemKind PidFile = Kind("HF-PID-FILE", "A PID file cannot be used, or cannot be moved aside.",
        "Look at the file, and remove it if it is not what a program of the platform writes.", ExitCode.Success);

    // Checking, and what is asked over HTTP for it.
    public static readonly ProblemKind CheckMissing = Kind("HF-CHECK-NONE", "A subject was asked for that there is nothing to check of.",
        "See the subjects with 'holdfast check'.", ExitCode.Usage);
    public static readonly ProblemKind CheckLate = Kind("HF-CHECK-LATE", "Something that was asked before a backup did not answer in time.",
        "Find out why it is so slow, or raise 'checks.timeout' in the profile.", ExitCode.NotReady, transient: true);
    public static readonly ProblemKind CheckFailed = Kind("HF-CHECK-FAILED", "Something that was to be found out before a backup could not be.",
        "Put right what the message names, then check again.", ExitCode.NotReady);
    public static readonly ProblemKind WebUnreachable = Kind("HF-WEB-UNREACHABLE", "A server cannot be asked over HTTP.",
        "Check that it runs, and 'url' in the profile.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind WebAuthentication = Kind("HF-WEB-AUTH", "A server refuses the user, the password or the token, or does not let the user ask.",
        "Check 'user' and 'password' (or 'api-key', 'token') beside 'url' in the profile.", ExitCode.Unreachable);
    public static readonly ProblemKind WebTls = Kind("HF-WEB-TLS", "A connection by HTTPS could not be secured.",
        "Check 'ca' beside 'url' in the profile, and that the name in 'url' is one of the server's certificate.", ExitCode.Unreachable);
    public static readonly ProblemKind WebAnswer = Kind("HF-WEB-ANSWER", "A server answered something else than was asked for.",
        "Check 'url' in the profile: it must lead to what answers in JSON.", ExitCode.Unreachable);

    // Search engines.
    public static readonly ProblemKind SearchRefused = Kind("HF-SEARCH-REFUSED", "A search engine refuses a request.",
        "Its own reason stands in the message; its log says more.", ExitCode.Failure);
    public static readonly ProblemKind SearchBlocked = Kind("HF-SEARCH-BLOCKED", "A search engine does not let an index be changed: a block is set on it.",
        "See index.blocks.* in the settings of the index, and cluster.blocks.* in those of the cluster. The engine sets read_only_allow_delete itself when a disk is nearly full: make room first. Lift it with PUT INDEX/_settings {\"index.blocks.NAME\": null}.", ExitCode.Failure);
    public static readonly ProblemKind SearchPath = Kind("HF-SEARCH-PATH", "The nodes of a search engine cannot use the directory of the snapshots.",
        "Name the directory in path.repo of every node's configuration and restart the nodes; it must be the same directory on all of them, and belong to the engine's user.", ExitCode.Failure);
    public static readonly ProblemKind SearchIndex = Kind("HF-SEARCH-INDEX", "No index fits what was asked for.",
        "Correct 'indices' in the profile, or --include.", ExitCode.Failure);
    public static readonly ProblemKind SearchClosed = Kind("HF-SEARCH-CLOSED", "Closed indices are not in the recovery point.",
        "Open them before a backup, or delete them.", ExitCode.Success);
    public static readonly ProblemKind SearchUnfit = Kind("HF-SEARCH-UNFIT", "A name or pattern of the profile fits no index of a search engine.",
        "Correct 'capture' (or 'indices') in the profile, or see who has deleted the index: 'holdfast points list' shows the points that may have it.", ExitCode.Incomplete);
    public static readonly ProblemKind SearchUnseen = Kind("HF-SEARCH-UNSEEN", "The user of the profile may not see indices that the profile means, so they are not in the recovery point.",
        "Give the user rights on them (/usr/share/doc/holdfast/search.md lists the rights), or leave them out with 'capture' in the profile.", ExitCode.Incomplete);
    public static readonly ProblemKind SearchUnreadable = Kind("HF-SEARCH-UNREADABLE", "Blocks keep indices from being read, so they are not in the recovery point.",
        "Lift the block for the backup (PUT INDEX/_settings {\"index.blocks.NAME\": null}), or leave the index out with 'capture' in the profile.", ExitCode.Incomplete);
    public static readonly ProblemKind SearchBlocks = Kind("HF-SEARCH-BLOCKS", "Indices had blocks when the snapshot was taken.",
        "A restore sets them again, except read_only_allow_delete, which the engine sets when a disk is nearly full: make room, and lift it with PUT INDEX/_settings {\"index.blocks.read_only_allow_delete\": null}.", ExitCode.Success);
    public static readonly ProblemKind SearchNames = Kind("HF-SEARCH-NAMES", "Pipelines have names that an engine reads as patterns or lists ('*', 'a,b'), so a restore does not put them back.", "Make them again under plain names, and name those in the settings of the indices (index.default_pipeline, index.final_pipeline).", ExitCode.Incomplete);
    public static readonly ProblemKind SearchDamaged = Kind("HF-SEARCH-DAMAGED", "A search engine cannot read a snapshot in its repository.",
        "Delete the snapshot (DELETE _snapshot/REPOSITORY/SNAPSHOT) when you do not need it; recovery points have copies of their own.", ExitCode.Success);
    public static readonly ProblemKind SearchSnapshot = Kind("HF-SEARCH-SNAPSHOT", "A snapshot by the search engine is not whole, so there is no recovery point.",
        "See the engine's log and _cluster/health; earlier snapshots are as they were.", ExitCode.Failure);
    public static readonly ProblemKind SearchVersion = Kind("HF-SEARCH-VERSION", "The search engine cannot read snapshots of the one that was backed up.",
        "Restore into a version that can, or leave the indices out (--only) and build them anew from the database.", ExitCode.Failure);
    public static readonly ProblemKind SearchAlias = Kind("HF-SEARCH-ALIAS", "An alias would lead to two indices.",
        "Restore with --no-aliases to leave all aliases as they are, or with --overwrite: then the alias points to what was restored.", ExitCode.InTheWay);
    public static readonly ProblemKind SearchRestore = Kind("HF-SEARCH-RESTORE", "Indices could not be restored as they were.",
        "Put right what the message names, then restore again; what was moved aside is still there.", ExitCode.Failure);
    public static readonly ProblemKind SearchDefinition = Kind("HF-SEARCH-DEFINITION", "What the profile says an index is made of cannot be used.",
        "Correct the lines that are named.", ExitCode.Usage);
    public static readonly ProblemKind SearchMapping = Kind("HF-SEARCH-MAPPING", "The engine and the profile disagree on what an index is made of.",
        "See the differences with 'holdfast search migrate --plan'; 'holdfast search migrate' does away with them.", ExitCode.Failure);
    public static readonly ProblemKind SearchRejected = Kind("HF-SEARCH-REJECTED", "The engine rejected documents, so the index is not complete.",
        "The file that is named has each of them with the engine's reason. Correct them in the database, or the mapping in the profile, then run the command again.", ExitCode.Failure);
    public static readonly ProblemKind SearchBuild = Kind("HF-SEARCH-BUILD", "An index that was built anew is not what it should be, so no alias leads to it.",
        "Run the command again: it goes on where it ended.", ExitCode.Failure);
    public static readonly ProblemKind SearchLoss = Kind("HF-SEARCH-LOSS", "An index would lose all of its documents, or most of them.",
        "See whether the statement in the profile still gives what it should.", ExitCode.InTheWay);
    public static readonly ProblemKind SearchLacking = Kind("HF-SEARCH-LACKING", "An index lacks documents of the database after a sync.",
        "See who deletes them from the index, then sync again.", ExitCode.Incomplete);
    public static readonly ProblemKind SearchRouting = Kind("HF-SEARCH-ROUTING", "Documents of an index have a routing value of their own, which Holdfast does not write.",
        "Let the platform's own command do it, with --delegate.", ExitCode.Usage);
    public static readonly ProblemKind SearchBusy = Kind("HF-SEARCH-BUSY", "A search engine has more to do than it can take.",
        "Run the command again when it is less busy: it goes on where it ended.", ExitCode.Unreachable, transient: true);
    public static readonly ProblemKind SearchMigrate = Kind("HF-SEARCH-MIGRATE", "An index could not be copied into one of another shape; the old one is in use as before.",
        "See the engine's log, then run the command again.", ExitCode.Failure);
    public static readonly ProblemKind SearchDelegate = Kind("HF-SEARCH-DELEGATE", "The platform's own command failed, or the profile does not name one.",
        "See what it wrote; 'delegate' of the search component in the profile says what is run.", ExitCode.Failure);
    public static readonly ProblemKind SearchBehind = Kind("HF-SEARCH-BEHIND", "The search indices are of another instant than the database.",
        "Put right what differs with 'holdfast search sync'; with --dry-run it only counts.", ExitCode.Success);
    public static readonly ProblemKind DocumentSource = Kind("HF-DOCUMENT-SOURCE", "The statement that documents are read by cannot be used.",
        "Correct 'source' of the index in the profile.", ExitCode.Usage);

    // Packages that the platform did not take in.
    public static readonly ProblemKind PackagesUnset = Kind("HF-PACKAGES-UNSET", "The profile does not say how failed packages are found or tried again, or a package is none of them.",
        "Say it under 'packages' in the profile; 'holdfast profile schema' shows how.", ExitCode.Usage);
    public static readonly ProblemKind PackagesRetry = Kind("HF-PACKAGES-RETRY", "A package could not be given to the platform again.",
        "See what its command wrote; the packages after it were not tried.", ExitCode.Failure);

    // The command line.
    public static readonly ProblemKind RunDetached = Kind("HF-RUN-DETACHED", "A run without a terminal did not begin.",
        "What it wrote stands below the message; run the command without --detach to see more.", ExitCode.Failure);
    public static readonly ProblemKind Usage = Kind("HF-USAGE", "The command line cannot be understood.",
        "See what the command takes with --help.", ExitCode.Usage);
    public static readonly ProblemKind Unconfirmed = Kind("HF-UNCONFIRMED", "A verb that replaces something was not confirmed, so nothing was done.",
        "Look at what would be done with --plan, then answer with --yes.", ExitCode.Usage);
    public static readonly ProblemKind PasswordMismatch = Kind("HF-PASSWORD-MISMATCH", "The two passwords that were typed differ, or are empty.",
        "Try again, or let one be made with --generate-password.", ExitCode.Usage);
    public static readonly ProblemKind OpenSslMissing = Kind("HF-OPENSSL-MISSING", "This machine has no OpenSSL that Holdfast can use.",
        "Install the package openssl-libs (Rocky Linux, RHEL), libssl3 or libssl1.1 (Debian).", ExitCode.Failure);
    public static readonly ProblemKind Internal = Kind("HF-INTERNAL", "Holdfast met something that its makers did not think of.",
        "Report it, with what HOLDFAST_DEBUG=1 prints in addition; nothing that was stored is lost.", ExitCode.Failure);

    private static ProblemKind Kind(string code, string meaning, string hint, ExitCode exit, bool transient = false, [CallerFilePath] string file = "")
    {
        var kind = new ProblemKind(code, meaning, hint, exit, transient);
        var part = Path.GetFileNameWithoutExtension(file.AsSpan(file.LastIndexOfAny(['/', '\\']) + 1)).ToString();
        (_all ??= []).Add((part, kind));
        return kind;
    }
}
