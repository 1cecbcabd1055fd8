using System.Collections.Concurrent;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Loads a dump into a new, empty database: schema, rows, large objects, sequences, then indexes and constraints.
/// </summary>
internal sealed class DatabaseLoad(
    PostgresConnector connector, DumpSource source, DatabaseContents contents, string database, LoadGuard guard, StepContext context, Refusals? refusals)
{
    private const string SchemaExists = "42P06";
    private const int SequencesAtOnce = 500, TablesAtOnce = 500, TablesTold = 5;

    private const string HasForeignChildren = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'f')
        """;

    private const string Analyzed = """
        SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), EXISTS (
                WITH RECURSIVE below AS (SELECT c.oid UNION SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid)
                SELECT FROM below JOIN pg_catalog.pg_class f ON f.oid = below.oid WHERE f.relkind = 'f')
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384
        """;
    private readonly string _folder = DumpPath.Database(connector.Settings.Name, contents.Name);
    private readonly ConcurrentBag<TableEntry> _misplaced = [], _early = [];
    private readonly string? _bytes = contents.Properties.Bytes;

    public async Task RunAsync(CancellationToken cancellation)
    {
        Interlocked.Exchange(ref context.Counters.BytesTotal, contents.Bytes);
        Interlocked.Exchange(ref context.Counters.ItemsTotal, contents.Tables.Count);
        if (!contents.HasPublicSchema) await ExecuteAsync("DROP SCHEMA public", "DROP SCHEMA public", cancellation);
        await RunScriptAsync(DumpPath.PreData, ScriptPass.Objects, "The schema", cancellation);
        await guard.RequireAsync(cancellation);
        await LoadTablesAsync(cancellation);
        if (contents.LargeObjects > 0) await RunScriptAsync(DumpPath.LargeObjects, null, "The large objects", cancellation);
        await SetSequencesAsync(cancellation);
        await RunScriptAsync(DumpPath.PostData, ScriptPass.Objects, "The indexes and constraints", cancellation);
        // Rights on rows are granted once the triggers, rules and policies that limit them exist; materialized views
        // read what others grant.
        await RunScriptAsync(DumpPath.PreData, ScriptPass.Rights, "The rights", cancellation);
        await RunScriptAsync(DumpPath.PostData, ScriptPass.Rights, "The default rights", cancellation);
        await RunScriptAsync(DumpPath.PostData, ScriptPass.Last, "The materialized views and event triggers", cancellation);
        await guard.LeaveAsync(cancellation);
    }

    /// <summary>
    /// Analyzes the tables. Called after the guard has ended, because PostgreSQL runs each table's functions as its
    /// owner. Statistics are not content: a foreign partition whose server cannot be reached does not keep the database
    /// from its name.
    /// </summary>
    public async Task AnalyzeAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsync(database, cancellation, _bytes);
        try
        {
            await StartupSettings.AllowViewsAsync(connection, cancellation);
            if (await connection.ScalarAsync<bool>(HasForeignChildren, cancellation)) await AnalyzeByNameAsync(connection, cancellation);
            else await connection.ExecuteAsync("ANALYZE", cancellation);
        }
        catch (PostgresException refused) when (Refusals.IsOfContent(refused.SqlState))
        {
            context.Warn(Catalogue.PostgresAnalyze.With($"ANALYZE of database \"{contents.Name}\" was refused: {ByteText.Decode(PostgresProblem.Sentence(refused))}"));
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"ANALYZE failed in database \"{contents.Name}\"", Catalogue.PostgresRestore);
        }
    }

    /// <summary>
    /// Analyzes the tables one by one, except those with a foreign table below them: ANALYZE would connect to its
    /// server, which may never answer.
    /// </summary>
    private async Task AnalyzeByNameAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var tables = await connection.RowsAsync(Analyzed, row => (Name: row[0], IsEntered: row[1] == "t"), cancellation);
        foreach (var some in tables.Where(table => !table.IsEntered).Chunk(TablesAtOnce))
            await connection.ExecuteAsync($"ANALYZE {string.Join(", ", some.Select(table => table.Name))}", cancellation);
        var left = tables.Where(table => table.IsEntered).Select(table => ByteText.Decode(table.Name)).ToList();
        context.Warn(Catalogue.PostgresAnalyze.With($"Tables of database \"{contents.Name}\" with foreign tables below them were not analyzed: {Quantity.List(left, TablesTold)}"));
    }

    /// <summary>Returns whether a restore that keeps going can continue without the refused object.</summary>
    private bool Passes(PostgresException refused, NpgsqlConnection connection) =>
        refusals is not null && Refusals.IsOfContent(refused.SqlState) && connection.FullState.HasFlag(System.Data.ConnectionState.Open);

    /// <summary>Refuses scripts that hold commands of psql, before anything is created.</summary>
    public async Task CheckScriptsAsync(CancellationToken cancellation)
    {
        foreach (var file in new[] { DumpPath.PreData, DumpPath.PostData })
        {
            await using var script = await source.OpenAsync($"{_folder}/{file}", cancellation);
            await StatementScript.CheckAsync(script, $"{file} of database \"{contents.Name}\"", cancellation);
        }
    }

    /// <summary>
    /// Sets the sequences from the description of the dump: the script for them is for manual restores by psql.
    /// </summary>
    private async Task SetSequencesAsync(CancellationToken cancellation)
    {
        var atOnce = refusals is null ? SequencesAtOnce : 1;
        foreach (var batch in contents.Sequences.Chunk(atOnce))
            await ExecuteAsync($"SELECT {string.Join(", ", batch.Select(RestoreScript.SetValue))}", atOnce > 1 ? "Setting the sequences" : $"Setting the sequence {Sql.Qualified(batch[0].Schema, batch[0].Name)}", cancellation);
    }

    private async Task RunScriptAsync(string file, ScriptPass? pass, string what, CancellationToken cancellation)
    {
        await using var script = await source.OpenAsync($"{_folder}/{file}", cancellation);
        // The script of large objects has transactions of its own, and runs no code of other users.
        var runner = new StatementScript(connector)
        {
            Pass = pass, RunsCodeOfOthers = pass is not null, Guard = pass is not null ? guard : null,
            Lent = pass == ScriptPass.Objects ? new LentSchemas() : null, OnRefused = refusals is null ? null : refused => refusals.Add(file, refused),
        };
        var harmless = await runner.RunAsync(
            database, contents.Properties.Encoding, script, file, $"{what} of database \"{contents.Name}\" could not be restored from {file}",
            error => error.State == SchemaExists && error.Why.MessageText.Contains("\"public\"", StringComparison.Ordinal), cancellation);
        foreach (var error in harmless)
            context.Note($"Passed over while restoring \"{contents.Name}\": {error}");
    }

    private async Task ExecuteAsync(string sql, string what, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsync(database, cancellation, _bytes);
        try
        {
            await StartupSettings.AllowViewsAsync(connection, cancellation);
            await connection.ExecuteAsync(sql, cancellation);
        }
        catch (PostgresException refused) when (Passes(refused, connection))
        {
            refusals!.Add(what, refused);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"{what} failed in database \"{contents.Name}\"", Catalogue.PostgresRestore);
        }
    }

    private async Task LoadTablesAsync(CancellationToken cancellation)
    {
        var full = contents.Tables.Where(table => table.Rows > 0).OrderByDescending(table => table.Bytes).ToList();
        Interlocked.Add(ref context.Counters.ItemsDone, contents.Tables.Count - full.Count);
        await using (var session = await OpenToLoadAsync(cancellation))
            await foreach (var tables in guard.ByOwnerAsync(session, full, cancellation))
            {
                var queue = new ConcurrentQueue<TableEntry>(tables);
                await WorkerGroup.RunAsync(Math.Min(connector.Settings.Workers, queue.Count), token => LoadQueueAsync(queue, token), cancellation);
            }
        await LoadThroughRootsAsync(cancellation);
        await LoadEarlyAsync(cancellation);
    }

    /// <summary>
    /// Loads the rows that belong to another partition than before, through the root, once no partition is truncated
    /// any more. The hash of an enum's value is computed from an OID that each database assigns, and collations differ
    /// between machines.
    /// </summary>
    private async Task LoadThroughRootsAsync(CancellationToken cancellation)
    {
        if (_misplaced.IsEmpty) return;
        await using var session = await OpenToLoadAsync(cancellation);
        foreach (var table in _misplaced.OrderBy(table => table.Qualified, StringComparer.Ordinal))
            await TellingAsync(session, table, () => LoadThroughRootAsync(session, table, cancellation), cancellation);
    }

    /// <summary>
    /// Loads the tables whose check constraints may read another table that was loaded later. Retries them as long as
    /// each pass loads at least one.
    /// </summary>
    private async Task LoadEarlyAsync(CancellationToken cancellation)
    {
        if (_early.IsEmpty) return;
        await using var session = await OpenToLoadAsync(cancellation);
        var left = _early.OrderBy(table => table.Qualified, StringComparer.Ordinal).ToList();
        for (var before = int.MaxValue; left.Count > 0 && left.Count < before;)
        {
            before = left.Count;
            var still = new List<TableEntry>();
            foreach (var table in left)
                if (!await TryEarlyAsync(session, table, cancellation)) still.Add(table);
            left = still;
        }
        foreach (var table in left)
            await TellingAsync(session, table, () => LoadAsync(table), cancellation);

        async Task LoadAsync(TableEntry table)
        {
            await guard.EnterOwnerAsync(session, table.Qualified, cancellation);
            await LoadTableAsync(session, table, cancellation);
        }
    }

    private async Task<bool> TryEarlyAsync(LoadSession session, TableEntry table, CancellationToken cancellation)
    {
        var isLoaded = true;
        await TellingAsync(session, table, LoadAsync, cancellation);
        return isLoaded;

        async Task LoadAsync()
        {
            await guard.EnterOwnerAsync(session, table.Qualified, cancellation);
            try
            {
                await LoadTableAsync(session, table, cancellation);
            }
            catch (PostgresException refused) when (MayBeEarly(refused))
            {
                await session.Connection.ExecuteAsync("ROLLBACK", cancellation);
                isLoaded = false;
            }
        }
    }

    private static bool MayBeEarly(PostgresException refused) => refused.SqlState is PostgresErrorCodes.CheckViolation or PostgresErrorCodes.RaiseException;

    private Task<LoadSession> OpenToLoadAsync(CancellationToken cancellation) =>
        LoadSession.OpenAsync(connector, database, _bytes, allowsViews: true, cancellation);

    private async Task LoadThroughRootAsync(LoadSession session, TableEntry table, CancellationToken cancellation)
    {
        var root = await session.Connection.ScalarAsync<string>(Root(table), cancellation) ?? table.Qualified;
        await guard.EnterOwnerAsync(session, root, cancellation);
        var connection = session.Connection;
        if (await connection.ScalarAsync<string>(ForeignBelow(root), cancellation) is { } foreign)
        {
            Lack($"The {table.Rows} rows of {table.Qualified} of database \"{contents.Name}\" may belong to other partitions of {root} than before, and to the foreign ones ({foreign}), which a restore never enters.");
            return;
        }
        // Both counts see the rows that existed at the beginning, and the rows loaded here.
        await connection.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ", cancellation);
        var before = await connection.ScalarAsync<long>($"SELECT pg_catalog.count(*) FROM {root}", cancellation);
        await CopyInAsync(connection, table, root, freezes: false, cancellation);
        Require(table, await connection.ScalarAsync<long>($"SELECT pg_catalog.count(*) FROM {root}", cancellation) - before);
        await session.CommitAsync(cancellation);
        context.Note($"Rows of {table.Qualified} of database \"{contents.Name}\" were loaded through {root}: they may belong to other partitions than before.");
    }

    /// <summary>
    /// Query for the topmost table of a partition, quoted for SQL; NULL for a table that is not a partition.
    /// </summary>
    private static string Root(TableEntry table) => $"""
        WITH RECURSIVE above AS (
            SELECT i.inhparent AS oid, 1 AS level FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition WHERE i.inhrelid = {Sql.Literal(table.Qualified)}::regclass
            UNION ALL SELECT i.inhparent, level + 1 FROM above JOIN pg_catalog.pg_class c ON c.oid = above.oid AND c.relispartition JOIN pg_catalog.pg_inherits i ON i.inhrelid = above.oid)
        SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM above JOIN pg_catalog.pg_class c ON c.oid = above.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY above.level DESC LIMIT 1
        """;

    /// <summary>
    /// Query for the foreign tables among the partitions of a table, whose servers are accessed with the rights of the
    /// reading or writing user; NULL when there are none.
    /// </summary>
    private static string ForeignBelow(string root) => $"""
        WITH RECURSIVE below AS (
            SELECT {Sql.Literal(root)}::pg_catalog.regclass::pg_catalog.oid AS oid
            UNION ALL SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid)
        SELECT pg_catalog.string_agg(below.oid::pg_catalog.regclass::text, ', ') FROM below JOIN pg_catalog.pg_class c ON c.oid = below.oid WHERE c.relkind = 'f'
        """;

    /// <summary>Ends the restore of the database, or records what is missing from it.</summary>
    private void Lack(string sentence)
    {
        if (refusals is null) throw Catalogue.PostgresRestore.Throwable(sentence);
        refusals.Add(sentence);
    }

    private async Task TellingAsync(LoadSession session, TableEntry table, Func<Task> act, CancellationToken cancellation)
    {
        try
        {
            await act();
        }
        catch (PostgresException refused) when (Passes(refused, session.Connection))
        {
            await session.Connection.ExecuteAsync("ROLLBACK", cancellation);
            refusals!.Add($"The {table.Rows} rows of {table.Qualified}", refused);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"The rows of {table.Qualified} of database \"{contents.Name}\" could not be restored", Catalogue.PostgresRestore);
        }
    }

    private async Task LoadQueueAsync(ConcurrentQueue<TableEntry> queue, CancellationToken cancellation)
    {
        await using var session = await OpenToLoadAsync(cancellation);
        while (queue.TryDequeue(out var table))
        {
            await TellingAsync(session, table, () => TryTableAsync(session, table, cancellation), cancellation);
            Interlocked.Increment(ref context.Counters.ItemsDone);
        }
    }

    private async Task TryTableAsync(LoadSession session, TableEntry table, CancellationToken cancellation)
    {
        try
        {
            await LoadTableAsync(session, table, cancellation);
        }
        catch (PostgresException refused) when (MayBeEarly(refused))
        {
            await session.Connection.ExecuteAsync("ROLLBACK", cancellation);
            var isPartition = refused.SqlState == PostgresErrorCodes.CheckViolation && await session.Connection.ScalarAsync<string>(Root(table), cancellation) is not null;
            (isPartition ? _misplaced : _early).Add(table);
        }
    }

    /// <summary>
    /// Loads a table. Rows may be frozen when the table is truncated in the same transaction: no later VACUUM writes
    /// them again. The tables of extensions have rows already, which the dump does not hold.
    /// </summary>
    private async Task LoadTableAsync(LoadSession session, TableEntry table, CancellationToken cancellation)
    {
        var connection = session.Connection;
        await connection.ExecuteAsync(table.Configuration ? "BEGIN" : $"BEGIN; TRUNCATE ONLY {table.Qualified}", cancellation);
        // Foreign keys between the tables of extensions exist already, and the tables are loaded in any order; their
        // rows were consistent when they were dumped.
        if (table.Configuration) await connection.ExecuteAsync(NoTriggers, cancellation);
        var before = table.Configuration ? await CountAsync(connection, table, cancellation) : 0;
        await CopyInAsync(connection, table, table.Qualified, freezes: !table.Configuration, cancellation);
        Require(table, await CountAsync(connection, table, cancellation) - before);
        await session.CommitAsync(cancellation);
    }

    private const string NoTriggers = """
        SELECT pg_catalog.set_config('session_replication_role', 'replica', true) WHERE (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
        """;

    private void Require(TableEntry table, long rows)
    {
        if (rows != table.Rows)
            throw Catalogue.PostgresRestore.Throwable($"{table.Qualified} of database \"{contents.Name}\" has {rows} rows, the recovery point has {table.Rows}.");
    }

    private async Task CopyInAsync(NpgsqlConnection connection, TableEntry table, string into, bool freezes, CancellationToken cancellation)
    {
        var options = $"ENCODING {Sql.Literal(contents.Properties.Encoding)}{(freezes ? ", FREEZE" : "")}";
        await using var rows = await source.OpenAsync($"{_folder}/{table.File}", cancellation);
        var writer = await connection.BeginTextImportAsync($"COPY {into}{Sql.Columns(table.Columns)} FROM STDIN WITH ({options})", cancellation);
        try
        {
            await PumpAsync(rows, writer.BaseStream, cancellation);
        }
        catch
        {
            await CancelAsync(writer);
            throw;
        }
        await writer.DisposeAsync();
    }

    /// <summary>
    /// Cancels the COPY. The transaction is lost in any case; when the connection is too, the original failure reports
    /// it.
    /// </summary>
    private static async Task CancelAsync(NpgsqlCopyTextWriter writer)
    {
        try
        {
            await writer.CancelAsync();
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception) || exception is ObjectDisposedException)
        {
            // The exception that is being thrown already reports more than this one.
        }
    }

    private async Task PumpAsync(Stream rows, Stream copy, CancellationToken cancellation)
    {
        var buffer = new byte[128 << 10];
        for (int read; (read = await rows.ReadAsync(buffer, cancellation)) > 0;)
        {
            await copy.WriteAsync(buffer.AsMemory(0, read), cancellation);
            Interlocked.Add(ref context.Counters.BytesDone, read);
        }
    }

    private static Task<long> CountAsync(NpgsqlConnection connection, TableEntry table, CancellationToken cancellation) =>
        connection.ScalarAsync<long>($"SELECT pg_catalog.count(*) FROM ONLY {table.Qualified}", cancellation);
}
