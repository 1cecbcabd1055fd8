using Holdfast.Engine.Documents;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.Documents;

/// <summary>
/// Reads the documents of a statement: all of them in one transaction, by COPY in its binary form, which needs no escapes; some of them by a
/// second connection, as they are by then.
/// </summary>
internal sealed class DocumentReading(PostgresConnector connector, DocumentColumns columns, NpgsqlConnection connection) : IDocumentReading
{
    private NpgsqlConnection? _now;

    /// <exception cref="ProblemException">The server can not be reached, or the statement can not be used.</exception>
    public static async Task<DocumentReading> OpenAsync(PostgresConnector connector, DocumentQuery query, CancellationToken cancellation)
    {
        var connection = await connector.OpenAsPlatformAsync(query.Database, isReadOnly: true, cancellation);
        try
        {
            await connection.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellation);
            return new DocumentReading(connector, await DocumentColumns.ReadAsync(connection, query, cancellation), connection);
        }
        catch (Exception failure)
        {
            await connection.DisposeAsync();
            if (failure is ProblemException || !PostgresProblem.Recognises(failure)) throw;
            throw PostgresProblem.Of(failure, $"The statement on line {query.Place.Line} of the profile can not be used", Catalogue.DocumentSource);
        }
    }

    public Task<long> CountAsync(CancellationToken cancellation) => GuardAsync(() => connection.ScalarAsync<long>(columns.CountSql, cancellation));

    public Task<IReadOnlyList<string>> RepeatedIdsAsync(int most, CancellationToken cancellation) => GuardAsync<IReadOnlyList<string>>(async () =>
        await connection.RowsAsync(columns.RepeatedSql(most), row => row[0], cancellation));

    public Task<IDocumentRows> ReadAsync(bool documents, CancellationToken cancellation) => CopyAsync(connection, columns.RowsSql(documents), documents, cancellation);

    public async Task<IDocumentRows> ReadNowAsync(IReadOnlyCollection<string> ids, bool documents, CancellationToken cancellation)
    {
        _now ??= await connector.OpenAsPlatformAsync(columns.Query.Database, isReadOnly: true, cancellation);
        return await CopyAsync(_now, columns.RowsSql(documents, ids), documents, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        if (_now is not null) await _now.DisposeAsync();
    }

    private Task<IDocumentRows> CopyAsync(NpgsqlConnection on, string sql, bool documents, CancellationToken cancellation) => GuardAsync<IDocumentRows>(async () =>
        new CopiedRows(await on.BeginRawBinaryCopyAsync($"COPY ({sql}) TO STDOUT (FORMAT binary)", cancellation), columns, documents));

    private async Task<T> GuardAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw columns.Failure(failure);
        }
    }
}
