using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// Cancels a statement whose server sends notices without end: they are skipped while reading, so no other limit would
/// be reached. Counts notices until it is disposed of.
/// </summary>
internal sealed class NoticePatience : IDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _either;
    private int _left;

    /// <param name="connection">The session; it runs one statement at a time.</param>
    /// <param name="most">The number of notices that are accepted.</param>
    /// <param name="cancellation">Cancels the statement, too.</param>
    public NoticePatience(NpgsqlConnection connection, int most, CancellationToken cancellation)
    {
        (_connection, _left, _cancellation) = (connection, most, cancellation);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _connection.Notice += Count;
    }

    /// <summary>Cancelled by the caller, or when too many notices were received.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>True when the limit was exceeded and the caller has not cancelled.</summary>
    public bool IsOver => _left < 0 && !_cancellation.IsCancellationRequested;

    public void Dispose()
    {
        _connection.Notice -= Count;
        _either.Dispose();
    }

    private void Count(object sender, NpgsqlNoticeEventArgs notice)
    {
        if (--_left < 0) _either.Cancel();
    }
}
