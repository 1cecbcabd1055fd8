using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Renames a restored database to its final name. Both renames, the owner and the rights are one transaction, so the
/// name always exists: after a kill at any point, either the old database has it or the new one.
/// </summary>
internal sealed class DatabaseSwap(PostgresConnector connector, PostgresUndos undos, StepContext context)
{
    /// <summary>
    /// The number of attempts. Sessions need a moment to terminate; PostgreSQL itself waits 5 seconds for them in each
    /// attempt.
    /// </summary>
    private const int Attempts = 6;

    /// <summary>Gives the database its name, and then drops the old one if requested.</summary>
    /// <param name="contents">The database that is restored.</param>
    /// <param name="finished">The name under which it was loaded.</param>
    /// <param name="dropOld">Whether the old one is dropped.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    /// <exception cref="ProblemException">The server rejected the operation.</exception>
    public async Task RunAsync(DatabaseContents contents, string finished, bool dropOld, CancellationToken cancellation)
    {
        var name = contents.Name;
        await using var connection = await connector.OpenMaintenanceAsync(cancellation, except: name);
        try
        {
            await DropInvalidAsync(connection, name, cancellation);
            for (var attempt = 1; !await TryAsync(connection, contents, finished, dropOld, isLast: attempt == Attempts, cancellation); attempt++)
                context.Note($"The database \"{name}\" was renamed or made by another session meanwhile; the exchange is tried again.");
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"The restored database could not take the name \"{name}\"", Catalogue.PostgresRestore);
        }
    }

    /// <returns>
    /// False when the owner has renamed the old database, or a database was created, since it was looked up.
    /// </returns>
    private async Task<bool> TryAsync(NpgsqlConnection connection, DatabaseContents contents, string finished, bool dropOld, bool isLast, CancellationToken cancellation)
    {
        var old = await connection.RowsAsync($"SELECT oid, datallowconn FROM pg_catalog.pg_database WHERE datname = {Sql.Literal(contents.Name)}", row => new OldDatabase(row[0], row[1] == "t"), cancellation);
        try
        {
            if (old is [var one]) await ReplaceAsync(connection, contents, finished, one, dropOld, cancellation);
            else await ExchangeAsync(connection, contents, finished, [], cancellation);
            return true;
        }
        catch (PostgresException changed) when (!isLast && changed.SqlState is PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.DuplicateDatabase)
        {
            return false;
        }
    }

    /// <summary>
    /// Drops an invalid database, left by an interrupted DROP DATABASE: PostgreSQL allows neither connections to it nor
    /// renaming it.
    /// </summary>
    private async Task DropInvalidAsync(NpgsqlConnection connection, string name, CancellationToken cancellation)
    {
        if (await connection.ScalarAsync<bool?>($"SELECT datconnlimit = -2 FROM pg_catalog.pg_database WHERE datname = {Sql.Literal(name)}", cancellation) is not true) return;
        await connection.ExecuteAsync($"DROP DATABASE {Sql.Identifier(name)}", cancellation);
        context.Note($"The database \"{name}\" that was there was invalid, and is dropped.");
    }

    private async Task ReplaceAsync(
        NpgsqlConnection connection, DatabaseContents contents, string finished, OldDatabase old, bool dropOld, CancellationToken cancellation)
    {
        var name = contents.Name;
        var aside = MadeUpName.Aside(name, context.RunId);
        var undo = undos.AllowConnections(name);
        if (old.IsAllowed) await context.OweAsync(undo, cancellation);
        try
        {
            await connection.ExecuteAsync(Allow(name, false), cancellation);
            await ExchangeAsync(connection, contents, finished, [Rename(name, aside), Allow(aside, old.IsAllowed && !dropOld)], cancellation);
        }
        catch (PostgresException) when (old.IsAllowed)
        {
            // Its owner may have renamed it: then the undo, which knows only the old name, is done here.
            var now = await FindNameAsync(connection, old, cancellation);
            if (now == name) throw;
            if (now is not null) await connection.ExecuteAsync(Allow(now, true), cancellation);
            await context.SettleAsync(undo, cancellation);
            throw;
        }
        if (old.IsAllowed) await context.SettleAsync(undo, cancellation);
        if (dropOld && await FindNameAsync(connection, old, cancellation) is { } left) await DropAsync(connection, left, old.IsAllowed, cancellation);
        else context.Note($"The database \"{name}\" that was there is now \"{aside}\".");
    }

    private static Task<string?> FindNameAsync(NpgsqlConnection connection, OldDatabase old, CancellationToken cancellation) =>
        connection.ScalarAsync<string>($"SELECT datname FROM pg_catalog.pg_database WHERE oid = {old.Oid}", cancellation);

    /// <summary>
    /// Exchanges the names. The new database gets its owner in the same transaction as its name: an owner may rename a
    /// database, and until then it belongs to the user of the restore.
    /// </summary>
    private static async Task ExchangeAsync(NpgsqlConnection connection, DatabaseContents contents, string finished, IReadOnlyList<string> before, CancellationToken cancellation)
    {
        string[] exchange = ["BEGIN", .. before, Rename(finished, contents.Name)];
        string[] properties = [DatabaseSql.LetIn(contents.Name), .. DatabaseSql.Describe(contents.Name, contents.Properties)];
        for (var attempt = 1; ; attempt++)
        {
            await connection.ExecuteAsync(End(contents.Name, finished), cancellation);
            try
            {
                foreach (var statement in exchange) await connection.ExecuteAsync(statement, cancellation);
                foreach (var statement in properties) await DescribeAsync(connection, contents, statement, cancellation);
                await connection.ExecuteAsync("COMMIT", cancellation);
                return;
            }
            catch (PostgresException refused)
            {
                await connection.ExecuteAsync("ROLLBACK", cancellation);
                if (refused.SqlState != PostgresErrorCodes.ObjectInUse || attempt == Attempts) throw;
            }
        }
    }

    private static async Task DescribeAsync(NpgsqlConnection connection, DatabaseContents contents, string statement, CancellationToken cancellation)
    {
        try
        {
            await connection.ExecuteAsync(statement, cancellation);
        }
        catch (PostgresException refused) when (refused.SqlState != PostgresErrorCodes.ObjectInUse)
        {
            throw PostgresProblem.Of(refused, $"A property of database \"{contents.Name}\" could not be restored ({statement})", Catalogue.PostgresRestore);
        }
    }

    /// <summary>
    /// Ends the sessions of the database. A user who is not a superuser ends only those of roles of which it is a
    /// member.
    /// </summary>
    private static string End(string name, string finished) => $"""
        SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
            WHERE a.datname IN ({Sql.Literal(name)}, {Sql.Literal(finished)})
                AND ((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR NOT r.rolsuper AND pg_catalog.pg_has_role(r.oid, 'MEMBER'))
        """;

    /// <summary>
    /// Drops the old database. The restore itself has succeeded: an old database that cannot be dropped is reported and
    /// kept.
    /// </summary>
    private async Task DropAsync(NpgsqlConnection connection, string aside, bool allowed, CancellationToken cancellation)
    {
        try
        {
            await connection.ExecuteAsync($"ALTER DATABASE {Sql.Identifier(aside)} IS_TEMPLATE false", cancellation);
            await connection.ExecuteAsync($"DROP DATABASE {Sql.Identifier(aside)}", cancellation);
        }
        catch (PostgresException refused)
        {
            if (allowed) await connection.ExecuteAsync(Allow(aside, true), cancellation);
            context.Warn(Catalogue.PostgresAside.With($"The old database \"{aside}\" could not be dropped: {refused.MessageText} [{refused.SqlState}]"));
        }
    }

    /// <summary>The database that is replaced.</summary>
    private sealed record OldDatabase(string Oid, bool IsAllowed);

    private static string Rename(string from, string to) => $"ALTER DATABASE {Sql.Identifier(from)} RENAME TO {Sql.Identifier(to)}";

    private static string Allow(string name, bool allowed) => $"ALTER DATABASE {Sql.Identifier(name)} ALLOW_CONNECTIONS {(allowed ? "true" : "false")}";
}
