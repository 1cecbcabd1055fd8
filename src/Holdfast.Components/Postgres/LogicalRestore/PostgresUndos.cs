using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>Registers and performs the undos of the steps of one cluster.</summary>
internal sealed class PostgresUndos(PostgresConnector connector)
{
    private const string Database = "database";

    /// <summary>
    /// Drops the largest tables. DROP TABLE is used because TRUNCATE needs a new page for each index; only the largest
    /// are dropped because each costs a lock.
    /// </summary>
    private const string DropLargest = """
        DO $$ DECLARE t text; BEGIN
            FOR t IN SELECT oid::pg_catalog.regclass::text FROM pg_catalog.pg_class WHERE relkind = 'r'
                AND relnamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
                ORDER BY pg_catalog.pg_table_size(oid) DESC LIMIT 500
            LOOP EXECUTE 'DROP TABLE IF EXISTS ' || t || ' CASCADE'; END LOOP;
        END $$
        """;

    public IReadOnlyList<IUndoHandler> Handlers { get; } =
    [
        new Handler(connector, Kind(connector, "drop-incomplete"), DropAsync),
        new Handler(connector, Kind(connector, "allow-connections"), AllowAsync),
    ];

    public Undo DropIncomplete(string database) => Owe("drop-incomplete", $"Drops the incomplete database \"{database}\".", database);

    public Undo AllowConnections(string database) => Owe("allow-connections", $"Lets sessions into the database \"{database}\" again.", database);

    /// <summary>Performs an undo while the run continues.</summary>
    public async Task UndoAsync(Undo undo)
    {
        var handler = Handlers.First(one => one.Kind == undo.Kind);
        using var deadline = new CancellationTokenSource(handler.Deadline);
        await handler.UndoAsync(undo, deadline.Token);
    }

    private Undo Owe(string kind, string does, string database) =>
        new(Kind(connector, kind), does, new Dictionary<string, string>(StringComparer.Ordinal) { [Database] = database });

    private static string Kind(PostgresConnector connector, string kind) => $"postgres/{connector.Settings.Name}.{kind}";

    /// <summary>
    /// Drops a database. Only a name that a restore generated is ever dropped, whatever the journal says.
    /// </summary>
    private static async Task DropAsync(
        PostgresConnector connector, NpgsqlConnection connection, string database, CancellationToken cancellation)
    {
        if (!MadeUpName.IsIncomplete(database)) throw new InvalidDataException($"\"{database}\" is not the name of an incomplete database.");
        await EndCreationAsync(connection, database, cancellation);
        if (!await MayCheckpointAsync(connector, cancellation)) await EmptyAsync(connector, database, cancellation);
        await EndAndDropAsync(connection, database, cancellation);
    }

    /// <summary>
    /// Returns whether a checkpoint succeeds. DROP DATABASE makes a checkpoint, and when that fails the database is
    /// neither dropped nor usable. It fails when the disk is full, for instance because of the restore: then the loaded
    /// data must be removed first. Uses a connection of its own, because Npgsql closes a connection after such an
    /// error.
    /// </summary>
    private static async Task<bool> MayCheckpointAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        try
        {
            await connection.ExecuteAsync("CHECKPOINT", cancellation);
            return true;
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.DiskFull or PostgresErrorCodes.InternalError)
        {
            return false;
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            return true;
        }
    }

    private static async Task EndAndDropAsync(NpgsqlConnection connection, string database, CancellationToken cancellation)
    {
        // An invalid database, left by an interrupted attempt, can only be dropped.
        if (await connection.ScalarAsync<bool?>($"SELECT datconnlimit = -2 FROM pg_catalog.pg_database WHERE datname = {Sql.Literal(database)}", cancellation) is false)
            await connection.ExecuteAsync($"ALTER DATABASE {Sql.Identifier(database)} IS_TEMPLATE false ALLOW_CONNECTIONS false", cancellation);
        await connection.ExecuteAsync(
            $"""
            SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid WHERE a.datname = {Sql.Literal(database)}
                AND ((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR NOT r.rolsuper AND pg_catalog.pg_has_role(r.oid, 'MEMBER'))
            """, cancellation);
        await connection.ExecuteAsync($"DROP DATABASE {Sql.Identifier(database)}", cancellation);
    }

    private static async Task EmptyAsync(PostgresConnector connector, string database, CancellationToken cancellation)
    {
        await using var inside = await connector.OpenAsync(database, cancellation, bytes: System.Text.Ascii.IsValid(database) ? "SQL_ASCII" : null);
        await inside.ExecuteAsync(DropLargest, cancellation);
    }

    /// <summary>
    /// Ends a CREATE DATABASE of a killed client: the server would continue it, and the database would appear later.
    /// Sessions of other users are ignored, because their query text could imitate one again and again.
    /// </summary>
    private static async Task EndCreationAsync(NpgsqlConnection connection, string database, CancellationToken cancellation)
    {
        var creating = $"""
            FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid() AND state = 'active' AND usename = session_user
                AND pg_catalog.strpos(query, {Sql.Literal($"CREATE DATABASE {Sql.Identifier(database)}")}) = 1
            """;
        while (await connection.ScalarAsync<long>($"SELECT count(pg_catalog.pg_terminate_backend(pid)) {creating}", cancellation) > 0)
            await connection.ExecuteAsync("SELECT pg_catalog.pg_sleep(0.1)", cancellation);
    }

    private static Task AllowAsync(PostgresConnector _, NpgsqlConnection connection, string database, CancellationToken cancellation) =>
        connection.ExecuteAsync($"ALTER DATABASE {Sql.Identifier(database)} ALLOW_CONNECTIONS true", cancellation);

    private sealed class Handler(PostgresConnector connector, string kind, Func<PostgresConnector, NpgsqlConnection, string, CancellationToken, Task> undo) : IUndoHandler
    {
        public string Kind => kind;

        /// <summary>
        /// Drops a database. One that does not exist needs no undo: it was never created, has its final name, or was
        /// dropped by an earlier attempt.
        /// </summary>
        public async Task UndoAsync(Undo owed, CancellationToken cancellation)
        {
            var database = owed.Arguments[Database];
            await using var connection = await connector.OpenMaintenanceAsync(cancellation, except: database);
            try
            {
                await undo(connector, connection, database, cancellation);
            }
            catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.InvalidCatalogName)
            {
                // The database does not exist: nothing is left to do.
            }
            catch (Exception exception) when (PostgresProblem.Recognises(exception))
            {
                throw PostgresProblem.Of(exception, owed.Does, Engine.Problems.Catalogue.PostgresRestore);
            }
        }
    }
}
