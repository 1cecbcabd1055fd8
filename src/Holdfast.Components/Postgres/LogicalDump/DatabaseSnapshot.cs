using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// One instant of one database, held open: a transaction that exported its snapshot, and a share lock on every table, so that
/// none is dropped or altered before it has been read. Others may read and write all the while.
/// </summary>
internal sealed class DatabaseSnapshot : IAsyncDisposable
{
    /// <summary>Tables in one LOCK statement, and sequences in one SELECT.</summary>
    private const int Batch = 500;

    /// <summary>How often a snapshot is taken again because somebody altered a table between it and the locks.</summary>
    private const int Attempts = 5;

    /// <summary>Beside the time that it may wait: all locks of a database are taken within both, whoever holds one table after the other.</summary>
    private static readonly TimeSpan _work = TimeSpan.FromSeconds(10);

    private readonly NpgsqlConnection _leader;

    private DatabaseSnapshot(NpgsqlConnection leader) => _leader = leader;

    /// <summary>What SET TRANSACTION SNAPSHOT and pg_dump's --snapshot take.</summary>
    public required string Id { get; init; }
    public required DatabaseListing Database { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required string Lsn { get; init; }
    public required CatalogAnswer Catalog { get; init; }
    public string ServerVersionText { get; init; } = "";
    public int ServerVersion { get; init; }

    /// <summary>The tables that it holds a lock on.</summary>
    public long Locks => Catalog.Tables.Count + Catalog.Partitioned.Count;

    /// <summary>Opens one.</summary>
    /// <param name="connector">Of the cluster.</param>
    /// <param name="database">The database.</param>
    /// <param name="limits">How long it may wait, and how many locks it may take.</param>
    /// <param name="clock">What the time of the snapshot comes from.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProblemException">It could not be taken; <see cref="TooManyTablesException"/> is the cause where the limit of locks was.</exception>
    public static async Task<DatabaseSnapshot> TakeAsync(
        PostgresConnector connector, DatabaseListing database, MarkLimits limits, TimeProvider clock, CancellationToken cancellation)
    {
        var lockTimeout = limits.Wait;
        var began = clock.GetTimestamp();
        var leader = await connector.OpenAsync(database.Name, cancellation, database.Bytes);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var snapshot = await TryTakeAsync(leader, database, limits, TimeLeft, clock, cancellation);
                if (snapshot is not null) return snapshot;
                if (attempt == Attempts) throw Unsettled(database.Name);
                await leader.ExecuteAsync("ROLLBACK", cancellation);
            }
        }
        catch (Exception exception)
        {
            await leader.DisposeAsync();
            if (!PostgresProblem.Recognises(exception)) throw;
            throw PostgresProblem.Of(exception, $"The snapshot of database \"{database.Name}\" could not be taken", Catalogue.PostgresDump);
        }

        TimeSpan TimeLeft() => lockTimeout + _work - clock.GetElapsedTime(began) is var left && left > TimeSpan.Zero
            ? left
            : throw Catalogue.PostgresLocked.Throwable($"The tables of database \"{database.Name}\" could not be locked within {lockTimeout.TotalSeconds:0} seconds: one after the other was locked by somebody else.");
    }

    /// <summary>A connection that sees exactly what the leader sees.</summary>
    public async Task<NpgsqlConnection> JoinAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        var connection = await connector.OpenAsync(Database.Name, cancellation, Database.Bytes);
        try
        {
            await connection.ExecuteAsync(
                // Who waits for an exclusive lock waits for our leader, and a worker would wait behind that without an end.
                $"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {Sql.Literal(Id)}; SET LOCAL lock_timeout = '{(long)connector.Settings.LockTimeout.TotalMilliseconds}ms'", cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task<IReadOnlyList<SequenceEntry>> ReadSequencesAsync(CancellationToken cancellation)
    {
        try
        {
            return await ReadAllSequencesAsync(cancellation);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"The sequences of database \"{Database.Name}\" could not be read", Catalogue.PostgresDump);
        }
    }

    private async Task<IReadOnlyList<SequenceEntry>> ReadAllSequencesAsync(CancellationToken cancellation)
    {
        var values = new List<SequenceEntry>();
        var isGuarded = await StartupSettings.RestrictsAsync(_leader, cancellation);
        foreach (var batch in Catalog.Sequences.Chunk(Batch))
        {
            var known = (await _leader.JsonAsync(CatalogQuery.SequenceValues(batch), PostgresJson.Default.IReadOnlyListSequenceValue, cancellation)).ToDictionary(value => value.Oid);
            var unused = batch.Where(sequence => !known.ContainsKey(sequence.Oid)).ToList();
            if (unused.Count > 0)
                foreach (var value in await _leader.JsonAsync(CatalogQuery.UnusedSequences(unused, isGuarded), PostgresJson.Default.IReadOnlyListSequenceValue, cancellation)) known[value.Oid] = value;
            values.AddRange(batch.Select(sequence => new SequenceEntry(sequence.Schema, sequence.Name, known[sequence.Oid].LastValue, known[sequence.Oid].IsCalled)));
        }
        return values;
    }

    /// <summary>See <see cref="UnreadableObjects"/>.</summary>
    public Task<IReadOnlyList<string>> FindUnreadableAsync(CancellationToken cancellation) => UnreadableObjects.FindAsync(_leader, cancellation);

    /// <summary>See <see cref="AddedMembers"/>.</summary>
    public Task<IReadOnlyList<(string Table, string Extension)>> FindAddedMembersAsync(CancellationToken cancellation) => AddedMembers.FindAsync(_leader, cancellation);

    /// <summary>It is fine to do so twice: the dump lets go of it, and so does the session that keeps it.</summary>
    public ValueTask DisposeAsync() => _leader.DisposeAsync();

    /// <summary>Null when a table was dropped, truncated or rewritten between the snapshot and the lock on it.</summary>
    private static async Task<DatabaseSnapshot?> TryTakeAsync(
        NpgsqlConnection leader, DatabaseListing database, MarkLimits limits, Func<TimeSpan> timeLeft, TimeProvider clock, CancellationToken cancellation)
    {
        var limit = $"SET LOCAL lock_timeout = '{(long)limits.Wait.TotalMilliseconds}ms'";
        await leader.ExecuteAsync($"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {limit}", cancellation);
        var id = await leader.ScalarAsync<string>("SELECT pg_catalog.pg_export_snapshot()", cancellation);
        var time = clock.GetUtcNow();
        var lsn = await leader.ScalarAsync<string>(CatalogQuery.Lsn, cancellation);
        var catalog = (await leader.JsonAsync(CatalogQuery.Database, PostgresJson.Default.CatalogAnswer, cancellation)).Named();
        var locks = catalog.Tables.Count + catalog.Partitioned.Count;
        if (locks > limits.Locks) throw TooManyTablesException.Of(database.Name, locks);
        if (!await LockAsync(leader, catalog, timeLeft, cancellation)) return null;
        return new DatabaseSnapshot(leader)
        {
            Id = id!,
            Database = database,
            Time = time,
            Lsn = lsn ?? "",
            Catalog = catalog,
            ServerVersionText = await leader.ScalarAsync<string>("SHOW server_version", cancellation) ?? "",
            ServerVersion = await leader.VersionAsync(cancellation),
        };
    }

    private static async Task<bool> LockAsync(NpgsqlConnection leader, CatalogAnswer catalog, Func<TimeSpan> timeLeft, CancellationToken cancellation)
    {
        var names = catalog.Tables.Select(table => Sql.Qualified(table.Schema, table.Name))
            .Concat(catalog.Partitioned.Select(table => Sql.Qualified(table.Schema, table.Name)));
        try
        {
            foreach (var batch in names.Chunk(Batch))
            {
                // The limit of one wait is none of all waits together.
                await leader.ExecuteAsync($"SET LOCAL statement_timeout = '{Math.Max(1, (long)timeLeft().TotalMilliseconds)}ms'", cancellation);
                await leader.ExecuteAsync($"LOCK TABLE ONLY {string.Join(", ONLY ", batch)} IN ACCESS SHARE MODE", cancellation);
            }
            await leader.ExecuteAsync("SET LOCAL statement_timeout = 0", cancellation);
        }
        catch (PostgresException late) when (late.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            timeLeft();
            throw;
        }
        catch (PostgresException gone) when (gone.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return false;
        }
        return await StandAsync(leader, catalog, cancellation);
    }

    /// <summary>
    /// TRUNCATE and rewrites do not keep old rows for old snapshots: a table that they reached after our snapshot would be read as
    /// empty. pg_relation_filenode tells the truth of now, the catalog's answer that of the snapshot. pg_dump does not look.
    /// </summary>
    private static async Task<bool> StandAsync(NpgsqlConnection leader, CatalogAnswer catalog, CancellationToken cancellation)
    {
        foreach (var batch in catalog.Tables.Where(table => table.FileNode != 0).Chunk(Batch))
        {
            var pairs = string.Join(',', batch.Select(table => $"({table.Oid}, {table.FileNode})"));
            var moved = await leader.ScalarAsync<long>(
                $"SELECT count(*) FROM (VALUES {pairs}) t(oid, node) WHERE pg_catalog.pg_relation_filenode(t.oid::oid)::bigint IS DISTINCT FROM t.node",
                cancellation);
            if (moved > 0) return false;
        }
        return true;
    }

    private static ProblemException Unsettled(string database) => Catalogue.PostgresDump.Throwable(
        $"The tables of database \"{database}\" were dropped, truncated or rewritten again and again while its snapshot was taken.",
        "Find out what alters tables so often, and back up when it rests.");
}
