using System.Text.Json;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Restores one database. It is built under a temporary name beside the existing one, verified, and only then takes its
/// name; until that moment the existing database is not changed, and afterwards it exists under another name.
/// </summary>
internal sealed class DatabaseRestore(
    PostgresConnector connector, DumpSource source, RestoreSession session, PostgresUndos undos, StepContext context, TimeProvider clock)
{
    public static async Task<DatabaseContents> ReadContentsAsync(DumpSource source, string folder, CancellationToken cancellation)
    {
        await using var file = await source.OpenAsync($"{folder}/{DumpPath.Contents}", cancellation);
        try
        {
            var contents = await JsonSerializer.DeserializeAsync(file, PostgresJson.Default.DatabaseContents, cancellation);
            if (contents is { Format: 1 }) return contents;
        }
        catch (JsonException broken)
        {
            throw Catalogue.PointManifest.Throwable($"{folder}/{DumpPath.Contents} can't be read: {broken.Message}", broken);
        }
        throw Catalogue.PointFormat.Throwable($"{folder}/{DumpPath.Contents} is of a format that this version does not know.");
    }

    public async Task RunAsync(DatabaseContents contents, CancellationToken cancellation)
    {
        var refusals = session.Recovery.KeepGoing ? new Refusals($"Database \"{contents.Name}\"", context) : null;
        var incomplete = MadeUpName.Incomplete(contents.Name, context.RunId);
        var guard = new LoadGuard(connector, incomplete);
        var load = new DatabaseLoad(connector, source, contents, incomplete, guard, context, refusals);
        await load.CheckScriptsAsync(cancellation);
        var undo = undos.DropIncomplete(incomplete);
        await context.OweAsync(undo, cancellation);
        await new LoadDeadline(connector, contents, incomplete, clock).HoldAsync(token => FillAsync(load, guard, contents, incomplete, refusals, token), cancellation);
        refusals?.Report(session);
        // An incomplete restore does not justify dropping a database that may be complete.
        await new DatabaseSwap(connector, undos, context).RunAsync(contents, incomplete, session.Overwrite && refusals is not { Count: > 0 }, cancellation);
        await context.SettleAsync(undo, cancellation);
    }

    /// <summary>Runs everything that executes code of the database's owner.</summary>
    private async Task FillAsync(DatabaseLoad load, LoadGuard guard, DatabaseContents contents, string incomplete, Refusals? refusals, CancellationToken cancellation)
    {
        await CreateAsync(incomplete, contents, cancellation);
        await ApplyAsync(DatabaseSql.SetUp(incomplete, contents.Properties), contents, cancellation);
        await TellingAsync(() => guard.BeginAsync(cancellation), $"The functions of database \"{contents.Name}\" could not be put under guard");
        await load.RunAsync(cancellation);
        await CheckAsync(incomplete, contents, refusals, cancellation);
        await TellingAsync(() => guard.EndAsync(cancellation), $"The functions of database \"{contents.Name}\" could not be left as they were");
        await load.AnalyzeAsync(cancellation);
    }

    private async Task CreateAsync(string name, DatabaseContents contents, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var create = DatabaseSql.Create(name, contents.Properties);
        // A lock of another session could block the restore forever. The limit applies to all but superusers, so only
        // they can set it.
        if (await connection.ScalarAsync<string>("SELECT pg_catalog.current_setting('is_superuser')", cancellation) == "on") create += DatabaseSql.KeepOut;
        await TellingAsync(
            () => connection.ExecuteAsync(create, cancellation),
            $"A new database for \"{contents.Name}\" could not be made");
    }

    private async Task CheckAsync(string name, DatabaseContents contents, Refusals? refusals, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsync(name, cancellation, contents.Properties.Bytes);
        await TellingAsync(
            () => new LoadedDatabase(connection, contents, context, refusals).CheckAsync(session.Manifest, $"postgres/{connector.Settings.Name}", cancellation),
            $"The restored database \"{contents.Name}\" could not be checked");
    }

    private async Task ApplyAsync(IEnumerable<string> statements, DatabaseContents contents, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        foreach (var statement in statements)
            await TellingAsync(
                () => connection.ExecuteAsync(statement, cancellation), $"A property of database \"{contents.Name}\" could not be restored ({statement})");
    }

    private static async Task TellingAsync(Func<Task> act, string what)
    {
        try
        {
            await act();
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, what, Catalogue.PostgresRestore);
        }
    }
}
