using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Ends the loading of a database that exceeds its time limit: its constraints, indexes and views run code of its
/// owner, which may wait forever. A timeout of the session is not sufficient, because a function can catch a cancelled
/// statement; it cannot catch the end of its session.
/// </summary>
/// <param name="connector">The cluster.</param>
/// <param name="contents">The database that is loaded.</param>
/// <param name="database">The temporary name of the database.</param>
/// <param name="clock">Measures the time.</param>
internal sealed class LoadDeadline(PostgresConnector connector, DatabaseContents contents, string database, TimeProvider clock)
{
    /// <summary>How long to wait until a terminated session has ended.</summary>
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(30);

    private string Sessions => $"""
        FROM pg_catalog.pg_stat_activity WHERE datname = {Sql.Literal(database)} AND pid <> pg_catalog.pg_backend_pid()
        """;

    /// <summary>
    /// The limit of the profile, or one hour plus one second for each MiB that the database had on disk: a slower disk
    /// is of no use for a restore.
    /// </summary>
    public TimeSpan Limit => connector.Settings.LoadTimeout
        ?? TimeSpan.FromHours(1) + TimeSpan.FromSeconds(contents.DiskSize / (double)(1 << 20));

    /// <summary>Runs the load within the limit.</summary>
    /// <exception cref="ProblemException">The load took too long; its sessions were terminated.</exception>
    public async Task HoldAsync(Func<CancellationToken, Task> load, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var loading = load(stop.Token);
        var ended = await Task.WhenAny(loading, Task.Delay(Limit, clock, stop.Token));
        if (ended == loading || cancellation.IsCancellationRequested)
        {
            await stop.CancelAsync();
            await loading;
            return;
        }
        var running = await EndSessionsAsync(cancellation);
        await stop.CancelAsync();
        try
        {
            await loading.WaitAsync(_grace, clock, cancellation);
        }
        catch (Exception consequence) when (!cancellation.IsCancellationRequested)
        {
            throw Late(running, consequence);
        }
    }

    private ProblemException Late(string? running, Exception consequence) => Catalogue.PostgresLate.Throwable(
        $"Database \"{contents.Name}\" was not loaded within {Duration.Describe(Limit)}, the limit for it"
            + $"{(running is null ? "" : $"; {running} was running")}.",
        consequence);

    /// <summary>
    /// Terminates the sessions, and returns the beginning of the statement that ran longest, up to its first value,
    /// which may be a secret.
    /// </summary>
    private async Task<string?> EndSessionsAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation, except: database);
        try
        {
            var running = await connection.RowsAsync(
                $"SELECT {SharedName.Ask("query")} {Sessions} AND state = 'active' ORDER BY query_start LIMIT 1",
                row => SharedName.Show(row[0]), cancellation);
            await connection.ExecuteAsync($"SELECT pg_catalog.pg_terminate_backend(pid) {Sessions}", cancellation);
            return running is [var query] ? ScriptStatement.CutAtValue(ScriptStatement.WithoutComments(query)) : null;
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(
                failure, $"The sessions that load database \"{contents.Name}\" could not be ended", Catalogue.PostgresLate);
        }
    }
}
