using Npgsql;

namespace Holdfast.Components.Postgres;

/// <summary>Statements of the profile in a database of the platform, where names are looked up as in the platform's own sessions.</summary>
internal sealed class PlatformStatement(PostgresConnector connector, string? database)
{
    public Task<PostgresTable> QueryAsync(string sql, CancellationToken cancellation) => RunAsync(isReadOnly: true, async connection =>
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<IReadOnlyList<string?>>();
        while (await reader.ReadAsync(cancellation))
        {
            var row = new string?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++) row[i] = await reader.IsDBNullAsync(i, cancellation) ? null : reader.GetString(i);
            rows.Add(row);
        }
        return new PostgresTable([.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)], rows);
    }, cancellation);

    public Task ExecuteAsync(string sql, IReadOnlyList<string> ids, CancellationToken cancellation) => RunAsync(isReadOnly: false, async connection =>
    {
        await connection.ExecuteAsync(sql.Replace("{ids}", string.Join(", ", ids.Select(Sql.Literal)), StringComparison.Ordinal), cancellation);
        return true;
    }, cancellation);

    private async Task<T> RunAsync<T>(bool isReadOnly, Func<NpgsqlConnection, Task<T>> act, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsPlatformAsync(database, isReadOnly, cancellation);
        try
        {
            return await act(connection);
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(failure, "A statement of the profile failed");
        }
    }
}
