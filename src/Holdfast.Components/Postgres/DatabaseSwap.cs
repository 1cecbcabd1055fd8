using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Npgsql;

namespace Holdfast.Components.Postgres;

/// <summary>
/// Gives a finished database its name. Both renames are one transaction, so there is no instant at which the name is missing:
/// killed at any point, either the old one has it or the new one does.
/// </summary>
internal sealed class DatabaseSwap(PostgresConnector connector, PostgresUndos undos, StepContext context)
{
    /// <summary>Sessions that were told to end need a moment; PostgreSQL itself waits 5 seconds for them in each attempt.</summary>
    private const int Attempts = 6;

    public async Task RunAsync(string name, string finished, bool dropOld, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation, except: name);
        try
        {
            await DropInvalidAsync(connection, name, cancellation);
            var allowed = await connection.ScalarAsync<bool?>(
                $"SELECT datallowconn FROM pg_catalog.pg_database WHERE datname = {Sql.Literal(name)}", cancellation);
            if (allowed is null) await connection.ExecuteAsync(Rename(finished, name), cancellation);
            else await ReplaceAsync(connection, name, finished, allowed.Value, dropOld, cancellation);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"The restored database could not take the name \"{name}\"", Catalogue.PostgresRestore);
        }
    }

    /// <summary>What a DROP DATABASE left half-done can only be dropped: PostgreSQL lets nobody use or rename it.</summary>
    private async Task DropInvalidAsync(NpgsqlConnection connection, string name, CancellationToken cancellation)
    {
        if (await connection.ScalarAsync<bool?>($"SELECT datconnlimit = -2 FROM pg_catalog.pg_database WHERE datname = {Sql.Literal(name)}", cancellation) is not true) return;
        await connection.ExecuteAsync($"DROP DATABASE {Sql.Identifier(name)}", cancellation);
        context.Note($"The database \"{name}\" that was there was invalid, and is dropped.");
    }

    private async Task ReplaceAsync(
        NpgsqlConnection connection, string name, string finished, bool allowed, bool dropOld, CancellationToken cancellation)
    {
        var aside = MadeUpName.Aside(name, context.RunId);
        var undo = undos.AllowConnections(name);
        if (allowed) await context.OweAsync(undo, cancellation);
        await connection.ExecuteAsync(Allow(name, false), cancellation);
        await ExchangeAsync(connection, name, aside, finished, allowed && !dropOld, cancellation);
        if (allowed) await context.SettleAsync(undo, cancellation);
        if (dropOld) await DropAsync(connection, aside, allowed, cancellation);
        else context.Note($"The database \"{name}\" that was there is now \"{aside}\".");
    }

    private static async Task ExchangeAsync(
        NpgsqlConnection connection, string name, string aside, string finished, bool allowAside, CancellationToken cancellation)
    {
        var exchange = $"BEGIN; {Rename(name, aside)}; {Allow(aside, allowAside)}; {Rename(finished, name)}; COMMIT";
        for (var attempt = 1; ; attempt++)
        {
            await connection.ExecuteAsync(
                $"SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname IN ({Sql.Literal(name)}, {Sql.Literal(finished)})",
                cancellation);
            try
            {
                await connection.ExecuteAsync(exchange, cancellation);
                return;
            }
            catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.ObjectInUse && attempt < Attempts)
            {
                await connection.ExecuteAsync("ROLLBACK", cancellation);
            }
        }
    }

    /// <summary>The restore itself has succeeded: an old database that can't be dropped is told and stays.</summary>
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

    private static string Rename(string from, string to) => $"ALTER DATABASE {Sql.Identifier(from)} RENAME TO {Sql.Identifier(to)}";

    private static string Allow(string name, bool allowed) => $"ALTER DATABASE {Sql.Identifier(name)} ALLOW_CONNECTIONS {(allowed ? "true" : "false")}";
}
