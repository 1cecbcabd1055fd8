using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>Runs statements of the profile in a database of the platform; see <see cref="PlatformSession"/>.</summary>
internal sealed class PlatformStatement(PostgresConnector connector, string? database)
{
    /// <param name="sql">A query.</param>
    /// <param name="cancellation">Cancels the query.</param>
    /// <param name="most">The maximum number of rows that are read.</param>
    /// <param name="timeout">The statement timeout in the server's notation; none by default.</param>
    public Task<PostgresTable> QueryAsync(string sql, CancellationToken cancellation, int most = int.MaxValue, string timeout = "0") => RunAsync(isReadOnly: true, async session =>
    {
        var query = sql.TrimEnd().TrimEnd(';');
        var columns = await PlatformSession.DescribeAsync(connector, database, query, timeout, cancellation);
        var rows = await session.DefineAsync($"SELECT holdfast_row::text FROM (\n{query}\n) AS holdfast_row", "text", cancellation);
        await session.BeginAsync(isRepeatable: false, cancellation);
        await session.Connection.ExecuteAsync($"SET LOCAL statement_timeout = {Sql.Literal(timeout)}", cancellation);
        var read = await session.Connection.RowsAsync(rows.Sql(null), row => RowText.Read(row[0], columns.Count), cancellation, most);
        return new PostgresTable([.. columns.Select(column => column.Name)], read);
    }, cancellation);

    public Task ExecuteAsync(string sql, IReadOnlyList<string> ids, CancellationToken cancellation) => RunAsync(isReadOnly: false, async session =>
    {
        await session.ChangeAsync(sql.Replace("{ids}", string.Join(", ", ids.Select(Sql.Literal)), StringComparison.Ordinal), cancellation);
        return true;
    }, cancellation);

    private async Task<T> RunAsync<T>(bool isReadOnly, Func<PlatformSession, Task<T>> act, CancellationToken cancellation)
    {
        try
        {
            await using var session = await PlatformSession.OpenAsync(connector, database, isReadOnly, cancellation);
            return await act(session);
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(failure, "A statement of the profile failed");
        }
    }
}
