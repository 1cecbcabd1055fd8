using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// An open snapshot of one database: a transaction that exported its snapshot, and a share lock on every table, so that
/// none is dropped or altered before it has been read. Other sessions may read and write meanwhile.
/// </summary>
internal sealed class DatabaseSnapshot : IAsyncDisposable
{
    /// <summary>The number of tables in one LOCK statement, and of sequences in one SELECT.</summary>
    private const int Batch = 500;

    /// <summary>
    /// How often a snapshot is taken again because another session altered a table between the snapshot and the locks.
    /// </summary>
    private const int Attempts = 5;

    /// <summary>
    /// The time for the locks in addition to the permitted wait: all locks of a database are taken within both, however
    /// many sessions hold tables one after the other.
    /// </summary>
    private static readonly TimeSpan _work = TimeSpan.FromSeconds(10);

    private readonly NpgsqlConnection _leader;

    private DatabaseSnapshot(NpgsqlConnection leader) => _leader = leader;

    /// <summary>The snapshot ID for SET TRANSACTION SNAPSHOT and pg_dump's --snapshot.</summary>
    public required string Id { get; init; }
    public required DatabaseListing Database { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required string Lsn { get; init; }
    public required CatalogAnswer Catalog { get; init; }
    public string ServerVersionText { get; init; } = "";
    public int ServerVersion { get; init; }

    /// <summary>The number of tables that are locked.</summary>
    public long Locks => Catalog.Tables.Count + Catalog.Partitioned.Count;

    /// <summary>Takes a snapshot.</summary>
    /// <param name="connector">The connector of the cluster.</param>
    /// <param name="database">The database.</param>
    /// <param name="limits">How long the snapshot may wait, and how many locks it may take.</param>
    /// <param name="clock">Gives the time of the snapshot.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    /// <exception cref="ProblemException">
    /// The snapshot could not be taken; <see cref="TooManyTablesException"/> is the cause when the limit of locks was
    /// reached.
    /// </exception>
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

    /// <summary>Opens a connection with the same snapshot as the leader.</summary>
    public async Task<NpgsqlConnection> JoinAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        var connection = await connector.OpenAsync(Database.Name, cancellation, Database.Bytes);
        try
        {
            await connection.ExecuteAsync(
                // A session that waits for an exclusive lock waits for the leader, and a worker would wait behind it
                // forever.
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

    /// <summary>Returns what the user cannot read; see <see cref="UnreadableObjects"/>.</summary>
    public Task<IReadOnlyList<string>> FindUnreadableAsync(CancellationToken cancellation) => UnreadableObjects.FindAsync(_leader, cancellation);

    /// <summary>Returns tables added to extensions; see <see cref="AddedMembers"/>.</summary>
    public Task<IReadOnlyList<(string Table, string Extension)>> FindAddedMembersAsync(CancellationToken cancellation) => AddedMembers.FindAsync(_leader, cancellation);

    /// <summary>Closes the snapshot. May be called twice: by the dump, and by the session that keeps it.</summary>
    public ValueTask DisposeAsync() => _leader.DisposeAsync();

    /// <summary>
    /// Takes a snapshot; null when a table was dropped, truncated or rewritten between the snapshot and the lock on it.
    /// </summary>
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
                // lock_timeout limits each wait, not the sum of all waits.
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
    /// Returns whether all tables still have the files of the snapshot. TRUNCATE and rewrites do not keep old rows for
    /// older snapshots: a table changed by them after the snapshot would be read as empty. pg_relation_filenode returns
    /// the current file, the catalog query the file of the snapshot. pg_dump does not verify this.
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
