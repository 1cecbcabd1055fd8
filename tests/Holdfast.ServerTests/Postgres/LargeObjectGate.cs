using Holdfast.Testing;
using Npgsql;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>
/// Holds up a dump between the rows of tables and the values of sequences: a lock on the bytes of large objects, for which
/// pg_dump waits until this is disposed. The database needs a large object.
/// </summary>
internal sealed class LargeObjectGate : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly string _database;
    private readonly NpgsqlConnection _lock;

    private LargeObjectGate(PostgresServer server, string database, NpgsqlConnection held) =>
        (_server, _database, _lock) = (server, database, held);

    public static async Task<LargeObjectGate> CloseAsync(PostgresServer server, string database)
    {
        var place = $"Host={server.Folder};Port={server.Port};Username=postgres;Database={database};Pooling=false";
        var held = new NpgsqlConnection(place);
        await held.OpenAsync(TestContext.Current.CancellationToken);
        const string script = "BEGIN; LOCK TABLE pg_catalog.pg_largeobject IN ACCESS EXCLUSIVE MODE";
        await using var command = new NpgsqlCommand(script, held);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new LargeObjectGate(server, database, held);
    }

    /// <summary>Waits until pg_dump waits; the process of its server, for pg_terminate_backend.</summary>
    public async Task<string> WaitAsync()
    {
        var waiting = "";
        await Eventually.HoldsAsync("pg_dump waits for large objects", async () =>
        {
            waiting = await _server.QueryAsync("postgres", $"""
                SELECT pid FROM pg_stat_activity
                WHERE datname = '{_database}' AND application_name = 'pg_dump' AND wait_event_type = 'Lock'
                """);
            return waiting.Length > 0;
        });
        return waiting;
    }

    public ValueTask DisposeAsync() => _lock.DisposeAsync();
}
