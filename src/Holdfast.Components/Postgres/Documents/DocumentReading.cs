using Holdfast.Components.Postgres.Checks;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Documents;

/// <summary>
/// Reads the documents of a statement: all of them in one transaction, by COPY in its binary format, which needs no
/// escapes; some of them by a second connection, in their current state.
/// </summary>
internal sealed class DocumentReading : IDocumentReading
{
    /// <summary>The maximum number of ids with several rows that are reported.</summary>
    private const int Repeated = 1000;

    private readonly PostgresConnector _connector;
    private readonly DocumentColumns _columns;
    private readonly PlatformSession _session;
    private readonly PlatformSession.Definition _count, _repeated, _keys, _rows;
    private PlatformSession? _now;
    private PlatformSession.Definition? _keysNow, _rowsNow;

    private DocumentReading(
        PostgresConnector connector, DocumentColumns columns, PlatformSession session, PlatformSession.Definition[] defined)
    {
        (_connector, _columns, _session) = (connector, columns, session);
        (_count, _repeated, _keys, _rows) = (defined[0], defined[1], defined[2], defined[3]);
    }

    /// <exception cref="ProblemException">The server cannot be reached, or the statement cannot be used.</exception>
    public static async Task<DocumentReading> OpenAsync(PostgresConnector connector, DocumentQuery query, CancellationToken cancellation)
    {
        try
        {
            var session = await PlatformSession.OpenAsync(connector, query.Database, isReadOnly: true, cancellation);
            try
            {
                return await OpenAsync(connector, session, query, cancellation);
            }
            catch
            {
                await session.DisposeAsync();
                throw;
            }
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(failure, $"The statement on line {query.Place.Line} of the profile cannot be used", Catalogue.DocumentSource);
        }
    }

    public Task<long> CountAsync(CancellationToken cancellation) => GuardAsync(() => _session.Connection.ScalarAsync<long>(_count.Sql(null), cancellation));

    public Task<IReadOnlyList<string>> RepeatedIdsAsync(int most, CancellationToken cancellation) => GuardAsync(() =>
        _session.Connection.RowsAsync(_repeated.Sql(null), row => row[0], cancellation, Math.Min(most, Repeated)));

    public Task<IDocumentRows> ReadAsync(bool documents, CancellationToken cancellation) =>
        CopyAsync(_session, (documents ? _rows : _keys).Sql(null), documents, cancellation);

    public async Task<IDocumentRows> ReadNowAsync(IReadOnlyCollection<string> ids, bool documents, CancellationToken cancellation)
    {
        var session = _now ??= await GuardAsync(() => OpenNowAsync(cancellation));
        return await GuardAsync(async () =>
        {
            await session.RollBackAsync(cancellation);
            await session.BeginAsync(isRepeatable: false, cancellation);
            return await CopyAsync(session, (documents ? _rowsNow : _keysNow)!.Sql(_columns.Ids(ids)), documents, cancellation);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        if (_now is not null) await _now.DisposeAsync();
    }

    private static async Task<DocumentReading> OpenAsync(PostgresConnector connector, PlatformSession session, DocumentQuery query, CancellationToken cancellation)
    {
        var columns = DocumentColumns.Read(await PlatformSession.DescribeAsync(connector, query.Database, query.Sql, "0", cancellation), query);
        PlatformSession.Definition[] defined =
        [
            await session.DefineAsync(columns.CountSql, "bigint", cancellation), await session.DefineAsync(columns.RepeatedSql(Repeated), "text", cancellation),
            await session.DefineAsync(columns.RowsSql(documents: false), "text[]", cancellation), await session.DefineAsync(columns.RowsSql(documents: true), "text[]", cancellation),
        ];
        await session.BeginAsync(isRepeatable: true, cancellation);
        return new DocumentReading(connector, columns, session, defined);
    }

    private async Task<PlatformSession> OpenNowAsync(CancellationToken cancellation)
    {
        var session = await PlatformSession.OpenAsync(_connector, _columns.Query.Database, isReadOnly: true, cancellation);
        try
        {
            _keysNow = await session.DefineByIdsAsync(ids => _columns.RowsSql(documents: false, ids), "text[]", cancellation);
            _rowsNow = await session.DefineByIdsAsync(ids => _columns.RowsSql(documents: true, ids), "text[]", cancellation);
            await session.BeginAsync(isRepeatable: false, cancellation);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    private Task<IDocumentRows> CopyAsync(PlatformSession on, string sql, bool documents, CancellationToken cancellation) => GuardAsync<IDocumentRows>(async () =>
        new CopiedRows(await on.Connection.BeginRawBinaryCopyAsync($"COPY ({sql}) TO STDOUT (FORMAT binary)", cancellation), _columns, documents));

    private async Task<T> GuardAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw _columns.Failure(failure);
        }
    }
}
