using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// Ends a statement whose server sends notices without an end: they are read over, so no other limit is ever met. It counts until it is disposed of.
/// </summary>
internal sealed class NoticePatience : IDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _either;
    private int _left;

    /// <param name="connection">The session; it does one statement at a time.</param>
    /// <param name="most">How many notices are read.</param>
    /// <param name="cancellation">Ends the statement, too.</param>
    public NoticePatience(NpgsqlConnection connection, int most, CancellationToken cancellation)
    {
        (_connection, _left, _cancellation) = (connection, most, cancellation);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _connection.Notice += Count;
    }

    /// <summary>Cancelled by the caller, or when too many have come.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>It was the server that ended it.</summary>
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
