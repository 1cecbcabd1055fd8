using System.Text.Json.Nodes;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>The steps that capture a cluster into a recovery point.</summary>
internal sealed class ClusterCapture(
    PostgresConnector connector, PostgresPrograms programs, ClusterDatabases databases, CaptureSession session, TimeProvider clock)
{
    private readonly string _cluster = connector.Settings.Name;
    private readonly MarkedDatabases _marked = new();
    private readonly JsonArray _details = [];

    /// <summary>Databases that are left out, each with its failure.</summary>
    private readonly Dictionary<string, ProblemException> _left = new(StringComparer.Ordinal);
    private readonly Queue<DatabaseListing> _postponed = [];
    private ComponentRecord? _record;

    public static async Task<CapturePlan> PlanAsync(
        PostgresConnector connector, IHost host, CaptureSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var databases = await ClusterDatabases.ReadAsync(connector, cancellation);
        var programs = await PostgresPrograms.FindAsync(host, databases.ServerVersion, cancellation);
        programs.Check(databases.ServerVersion);
        if (session.Mode != BackupMode.Online && databases.Chosen.Count > databases.Room.Connections) throw TooMany(connector.Settings.Name, databases);
        return new ClusterCapture(connector, programs, databases, session, clock).Plan();
    }

    /// <summary>
    /// The plan: the mark is an open snapshot of each database, from which the dumps read after the platform has been
    /// resumed.
    /// </summary>
    private CapturePlan Plan() => new() { Mark = [MarkStep()], After = [.. DumpSteps()] };

    private Step MarkStep() =>
        Step($"Mark the databases of {_cluster}", (databases.Chosen.Count <= databases.Room.Connections
            ? $"Opens one snapshot of each of {databases.Chosen.Count} databases, at the same moment."
            : $"Opens one snapshot of each of {databases.Room.Connections} databases at the same moment, for which the server has connections; the other {databases.Chosen.Count - databases.Room.Connections} are of the moment at which their dump begins.") + Aside(), MarkAsync);

    private string Aside() => databases.Aside.Count == 0 ? "" : $" Left out, because a restore had moved it aside: {Quantity.List(databases.Aside, most: 20)}.";

    /// <summary>
    /// The problem when a capture in a window needs more connections than are free: all databases must be of the same
    /// moment there, or no recovery point is created.
    /// </summary>
    private static ProblemException TooMany(string cluster, ClusterDatabases databases) => Catalogue.PostgresBusy.Throwable(
        $"A backup of {cluster} with the platform stopped holds a connection to each of {databases.Chosen.Count} databases, and the server has {databases.Room.Connections} to spare.",
        "Raise max_connections, name fewer databases in the profile, take an online backup (--mode online), or capture the cluster with method 'base', which needs one connection.");

    private IEnumerable<Step> DumpSteps() =>
    [
        Step($"Dump roles and tablespaces of {_cluster}", "Streams what pg_dumpall --globals-only writes into the recovery point.", DumpGlobalsAsync),
        .. databases.Chosen.Select(database => Step(
            $"Dump database {database.Name} ({ByteSize.Describe(database.Size)})",
            $"Streams the schema and the rows of each table into {DumpPath.Database(_cluster, database.Name)}.",
            (context, cancellation) => DumpAsync(database, context, cancellation))),
    ];

    private Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new()
    {
        Name = name,
        Does = does,
        Component = $"postgres/{_cluster}",
        Act = act,
    };

    private async Task MarkAsync(StepContext context, CancellationToken cancellation)
    {
        foreach (var passed in databases.Passed)
            context.Warn(passed);
        var wait = session.Mode == BackupMode.Quiesced ? connector.Settings.WindowLockTimeout : connector.Settings.LockTimeout;
        foreach (var database in databases.Chosen.Take(databases.Room.Connections))
            await TryMarkAsync(database, wait, context, cancellation);
        // A database with more tables than can be locked beside others has been removed from the list.
        var fitting = databases.Chosen.Take(databases.Room.Connections).Where(database => !_left.ContainsKey(database.Name));
        foreach (var database in fitting.TakeWhile(_ => _marked.Count == 0))
            await GuardAsync(database, () => MarkAsync(database, new MarkLimits(wait), cancellation), context, cancellation);
        if (_left.Count > 0 && _left.Count == databases.Chosen.Count) throw _left.Values.First();
        TellLater(context);
        _record ??= BeginRecord();
        foreach (var passed in databases.Passed)
            _record.Omit("a database", passed.Message);
        foreach (var aside in databases.Aside)
            _record.Omit($"database \"{aside}\"", "a restore had moved it aside");
        if (databases.Aside.Count > 0)
            context.Note($"What a restore had moved aside is not in the recovery point: {Quantity.List(databases.Aside, most: 20)}. Drop it when you do not need it any more; the profile captures it where 'databases' names it.");
    }

    /// <summary>
    /// Takes the snapshot of a database. Locks are shared by all databases. An online backup takes the snapshots that
    /// do not fit when their dumps begin. In a window this is not possible: the database with the most tables is left
    /// out, so that no owner can prevent the capture of others by creating tables.
    /// </summary>
    private async Task TryMarkAsync(DatabaseListing database, TimeSpan wait, StepContext context, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await GuardAsync(database, () => MarkAsync(database, new MarkLimits(wait, LocksLeft()), cancellation), context, cancellation);
                return;
            }
            catch (ProblemException tooMany) when (tooMany.InnerException is TooManyTablesException many)
            {
                if (session.Mode == BackupMode.Online) return;
                var larger = _marked.Largest is { } largest && largest.Locks > many.Locks ? _marked.TryTake(largest.Database.Name) : null;
                if (larger is null)
                {
                    await LeaveAsync(database, tooMany, context, cancellation);
                    return;
                }
                await larger.DisposeAsync();
                await LeaveAsync(larger.Database, TooManyTablesException.Of(larger.Database.Name, larger.Locks), context, cancellation);
            }
        }
    }

    private long LocksLeft() => session.Mode == BackupMode.Online ? databases.Room.Locks - _marked.Locks
        : _marked.Count == 0 ? long.MaxValue : databases.Room.Capacity - _marked.Locks;

    private async Task MarkAsync(DatabaseListing database, MarkLimits limits, CancellationToken cancellation)
    {
        var snapshot = await _marked.MarkAsync(connector, database, limits, clock, cancellation);
        // The session closes the snapshot however the run ends before the dump, also by the failure of another
        // component.
        session.Keep(snapshot);
        session.Manifest.Mark ??= snapshot.Time;
        _record ??= BeginRecord();
        _record.Versions["postgresql"] = snapshot.ServerVersionText;
        (_record.From, _record.To) = (_record.From ?? snapshot.Time, snapshot.Time);
    }

    /// <summary>
    /// Performs an action on a database. A failure of this database alone leaves it out of the recovery point, and does
    /// not end the run.
    /// </summary>
    private async Task GuardAsync(DatabaseListing database, Func<Task> act, StepContext context, CancellationToken cancellation)
    {
        try
        {
            await act();
        }
        catch (Exception failure) when (
            DatabaseFailure.MayBe(failure) && failure.InnerException is not TooManyTablesException && !cancellation.IsCancellationRequested)
        {
            await LeaveAsync(database, failure, context, cancellation);
        }
    }

    private async Task LeaveAsync(DatabaseListing database, Exception failure, StepContext context, CancellationToken cancellation)
    {
        var problem = DatabaseFailure.ProblemOf(failure, $"Database \"{database.Name}\" could not be dumped");
        if (!await DatabaseFailure.AnswersAsync(connector, cancellation)) throw new ProblemException(problem, failure);
        _left.Add(database.Name, new ProblemException(problem, failure));
        session.Writer.Remove(DumpPath.Database(_cluster, database.Name));
        context.Warn(Catalogue.PostgresLeft.With($"The database \"{database.Name}\" is not in the recovery point: {problem.Message}", problem.Hint));
        _record ??= BeginRecord();
        _record.Omit($"database \"{database.Name}\"", problem.Message);
        _record.Complete = false;
    }

    private void TellLater(StepContext context)
    {
        var later = databases.Chosen.Count - _marked.Count - _left.Count;
        if (later > 0) context.Note($"{later} of {databases.Chosen.Count} databases of {_cluster} are marked when their dump begins: the server has no connections or locks for all at once (max_connections, max_locks_per_transaction).");
    }

    private ComponentRecord BeginRecord()
    {
        var record = new ComponentRecord
        {
            Name = $"postgres/{_cluster}",
            Kind = "postgres",
            Path = DumpPath.Cluster(_cluster),
            Details = new JsonObject { ["method"] = "dump", ["databases"] = _details },
        };
        record.Versions["postgresql"] = $"{databases.ServerVersion}";
        record.Versions["pg_dump"] = programs.DumpVersionText;
        session.Manifest.Components.Add(record);
        return record;
    }

    private async Task DumpGlobalsAsync(StepContext context, CancellationToken cancellation)
    {
        await LogicalSlots.ReportAsync(connector, _record, context, cancellation);
        var (hasPasswords, unnamed) = await new GlobalsDump(connector, programs, session.Writer).RunAsync(cancellation);
        foreach (var left in unnamed)
        {
            context.Warn(Catalogue.PostgresName.With($"The {left} of {_cluster} has a name that is not UTF-8, so it is not dumped, and neither is what it has."));
            _record?.Omit(left, "its name is not UTF-8");
        }
        if (hasPasswords) return;
        context.Warn(Catalogue.PostgresPasswords.With($"The user \"{connector.Settings.User}\" may not read the passwords of the roles of {_cluster}."));
        _record?.Omit("the passwords of roles", $"the user \"{connector.Settings.User}\" may not read them");
        _record?.Complete = false;
    }

    /// <summary>
    /// Dumps a database. The last step also dumps those whose locks did not fit beside the open snapshots before.
    /// </summary>
    private async Task DumpAsync(DatabaseListing database, StepContext context, CancellationToken cancellation)
    {
        await TryDumpAsync(database, context, cancellation);
        if (database != databases.Chosen[^1]) return;
        while (_postponed.TryDequeue(out var postponed)) await TryDumpAsync(postponed, context, cancellation);
        if (_left.Count > 0 && _left.Count == databases.Chosen.Count) throw _left.Values.First();
    }

    private async Task TryDumpAsync(DatabaseListing database, StepContext context, CancellationToken cancellation)
    {
        if (_left.ContainsKey(database.Name)) return;
        var isMarked = _marked.TryTake(database.Name) is var marked && marked is not null;
        try
        {
            await DumpAsync(database, marked, context, cancellation);
        }
        catch (ProblemException full) when (!isMarked && _marked.Count > 0 && full.Problem.Code == Catalogue.PostgresMemory.Code)
        {
            session.Writer.Remove(DumpPath.Database(_cluster, database.Name));
            _postponed.Enqueue(database);
            context.Note($"Database \"{database.Name}\" is dumped last: the server has no locks for it beside those of the others (max_locks_per_transaction).");
        }
        catch (Exception failure) when (DatabaseFailure.MayBe(failure) && !cancellation.IsCancellationRequested)
        {
            await LeaveAsync(database, failure, context, cancellation);
        }
    }

    private async Task DumpAsync(DatabaseListing database, DatabaseSnapshot? marked, StepContext context, CancellationToken cancellation)
    {
        await using var snapshot = marked ?? await MarkLaterAsync(database, cancellation);
        Interlocked.Exchange(ref context.Counters.BytesTotal, snapshot.Catalog.Tables.Sum(table => table.Size));
        var contents = await new DatabaseDump(connector, programs, snapshot, session.Writer, context).RunAsync(cancellation);
        Interlocked.Exchange(ref context.Counters.BytesTotal, contents.Bytes);
        var unreadable = await snapshot.FindUnreadableAsync(cancellation);
        foreach (var left in contents.LeftOut)
        {
            context.Note($"Database \"{database.Name}\": {left}");
            _record?.Omit($"part of database \"{database.Name}\"", left);
        }
        foreach (var unread in unreadable)
        {
            context.Warn(Catalogue.PostgresUnreadable.With($"The user \"{connector.Settings.User}\" may not read {unread} of database \"{database.Name}\"."));
            _record?.Omit($"{unread} of database \"{database.Name}\"", $"the user \"{connector.Settings.User}\" may not read it");
            _record?.Complete = false;
        }
        foreach (var (table, extension) in await snapshot.FindAddedMembersAsync(cancellation))
        {
            context.Warn(Catalogue.PostgresMember.With($"Table {table} of database \"{database.Name}\" was added to the extension {extension}, and neither it nor its rows are in the recovery point."));
            _record?.Omit($"table {table} of database \"{database.Name}\"", $"it was added to the extension {extension}");
            _record?.Complete = false;
        }
        Record(contents);
    }

    private async Task<DatabaseSnapshot> MarkLaterAsync(DatabaseListing database, CancellationToken cancellation)
    {
        await MarkAsync(database, new MarkLimits(connector.Settings.LockTimeout), cancellation);
        return _marked.TryTake(database.Name)!;
    }

    private void Record(DatabaseContents contents)
    {
        _details.Add((JsonNode)new JsonObject
        {
            ["name"] = contents.Name,
            ["path"] = DumpPath.Database(_cluster, contents.Name),
            ["snapshotTime"] = contents.SnapshotTime.ToString("O"),
            ["snapshotLsn"] = contents.SnapshotLsn,
            ["encoding"] = contents.Properties.Encoding,
            ["tables"] = contents.Tables.Count,
            ["rows"] = contents.Rows,
            ["bytes"] = contents.Bytes,
            ["largeObjects"] = contents.LargeObjects,
            ["leftOut"] = new JsonArray([.. contents.LeftOut.Select(left => (JsonNode)left)]),
        });
        Count("databases", 1);
        Count("tables", contents.Tables.Count);
        Count("rows", contents.Rows);
        Count("bytes", contents.Bytes);
    }

    private void Count(string what, long more)
    {
        if (_record is null) return;
        _record.Counts.TryGetValue(what, out var before);
        _record.Counts[what] = before + more;
    }
}
