using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// Captures one database into a recovery point: the output of pg_dump for the sections before and after the data, and
/// between them the rows of each table in a file of its own. Files of unchanged tables have the same bytes in the next
/// recovery point.
/// </summary>
internal sealed class DatabaseDump(
    PostgresConnector connector, PostgresPrograms programs, DatabaseSnapshot snapshot, SnapshotWriter writer, StepContext context)
{
    private readonly string _folder = DumpPath.Database(connector.Settings.Name, snapshot.Database.Name);
    private readonly ConcurrentBag<TableEntry> _dumped = [];

    public async Task<DatabaseContents> RunAsync(CancellationToken cancellation)
    {
        Interlocked.Exchange(ref context.Counters.ItemsTotal, snapshot.Catalog.Tables.Count);
        await DumpSectionAsync(DumpPath.PreData, ["--section=pre-data"], cancellation);
        await DumpTablesAsync(cancellation);
        if (snapshot.Catalog.LargeObjects > 0)
            await DumpSectionAsync(DumpPath.LargeObjects, ["--section=data", "--exclude-table-data=*.*", "--large-objects"], cancellation);
        var sequences = await snapshot.ReadSequencesAsync(cancellation);
        await DumpSectionAsync(DumpPath.PostData, ["--section=post-data"], cancellation);
        return await DescribeAsync(sequences, cancellation);
    }

    private async Task DumpSectionAsync(string file, string[] section, CancellationToken cancellation)
    {
        string[] arguments =
        [
            .. section.Select(programs.Spell), $"--snapshot={snapshot.Id}", $"--encoding={snapshot.Database.Encoding}", "--no-password",
            $"--lock-wait-timeout={(long)connector.Settings.LockTimeout.TotalMilliseconds}ms",
        ];
        var call = await connector.CallAsync(programs.Dump, arguments, snapshot.Database.Name, cancellation);
        await using var program = programs.Host.Start(call);
        program.Input.Close();
        await using var output = new FenceFilter(new ProgramOutput(program, $"pg_dump of database \"{snapshot.Database.Name}\"", line => context.Note($"Database \"{snapshot.Database.Name}\": {line}")));
        await writer.AddStreamAsync($"{_folder}/{file}", output, cancellation: cancellation);
    }

    /// <summary>Dumps the largest tables first, so that no single worker is left with a large one at the end.</summary>
    private async Task DumpTablesAsync(CancellationToken cancellation)
    {
        var queue = new ConcurrentQueue<CatalogTable>(snapshot.Catalog.Tables.OrderByDescending(table => table.Size));
        var workers = Math.Min(connector.Settings.Workers, queue.Count);
        await WorkerGroup.RunAsync(workers, token => DumpQueueAsync(queue, token), cancellation);
    }

    private async Task DumpQueueAsync(ConcurrentQueue<CatalogTable> queue, CancellationToken cancellation)
    {
        await using var connection = await snapshot.JoinAsync(connector, cancellation);
        while (queue.TryDequeue(out var table))
        {
            try
            {
                _dumped.Add(await DumpTableAsync(connection, table, cancellation));
            }
            catch (Exception exception) when (PostgresProblem.Recognises(exception))
            {
                throw PostgresProblem.Of(exception, $"Table {Sql.Qualified(table.Schema, table.Name)} could not be read", Catalogue.PostgresDump);
            }
            Interlocked.Increment(ref context.Counters.ItemsDone);
        }
    }

    private async Task<TableEntry> DumpTableAsync(NpgsqlConnection connection, CatalogTable table, CancellationToken cancellation)
    {
        var file = DumpPath.Table(table.Schema, table.Name);
        await using var rows = await CopyOut.BeginAsync(connection, table, snapshot.Database.Encoding, context.Counters, cancellation);
        await writer.AddStreamAsync($"{_folder}/{file}", rows, cancellation: cancellation);
        return new TableEntry
        {
            Schema = table.Schema,
            Name = table.Name,
            Columns = table.Columns,
            Configuration = table.Configuration,
            Condition = table.Condition,
            Size = table.Size,
            File = file,
            Rows = rows.Rows,
            Bytes = rows.Bytes,
        };
    }

    /// <summary>
    /// Writes the description of the dump, which is known only at the end and marks the dump as complete.
    /// </summary>
    private async Task<DatabaseContents> DescribeAsync(IReadOnlyList<SequenceEntry> sequences, CancellationToken cancellation)
    {
        var contents = new DatabaseContents
        {
            Name = snapshot.Database.Name,
            ServerVersion = snapshot.ServerVersion,
            ServerVersionText = snapshot.ServerVersionText,
            DumpVersion = programs.DumpVersionText,
            SnapshotTime = snapshot.Time,
            SnapshotLsn = snapshot.Lsn,
            Properties = snapshot.Catalog.Properties,
            HasPublicSchema = snapshot.Catalog.HasPublicSchema,
            Extensions = snapshot.Catalog.Extensions,
            LargeObjects = snapshot.Catalog.LargeObjects,
            Sequences = sequences,
            Tables = [.. _dumped.OrderBy(table => table.Schema, StringComparer.Ordinal).ThenBy(table => table.Name, StringComparer.Ordinal)],
            LeftOut = snapshot.Catalog.LeftOut,
            Sizes = snapshot.Catalog.Sizes,
        };
        var encoding = contents.Properties.Bytes is null ? Encoding.UTF8 : Encoding.Latin1;
        await AddTextAsync(DumpPath.Sequences, RestoreScript.Sequences(contents), encoding, cancellation);
        await AddTextAsync(DumpPath.Restore, RestoreScript.Database(contents), encoding, cancellation);
        var json = JsonSerializer.Serialize(contents, PostgresJson.Default.DatabaseContents);
        await AddTextAsync(DumpPath.Contents, json, Encoding.UTF8, cancellation);
        return contents;
    }

    private async Task AddTextAsync(string file, string text, Encoding encoding, CancellationToken cancellation)
    {
        using var content = new MemoryStream(encoding.GetBytes(text));
        await writer.AddStreamAsync($"{_folder}/{file}", content, cancellation: cancellation);
    }
}
