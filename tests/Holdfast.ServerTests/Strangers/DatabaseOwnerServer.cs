using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>A server that logs every statement, with a role that owns a database and is no superuser: "app", of "shop".</summary>
public sealed class DatabaseOwnerServer : IAsyncLifetime
{
    /// <summary>A function of a role that becomes superuser when a superuser runs it, also after it got out of SET ROLE.</summary>
    public const string Trap = """
        CREATE FUNCTION trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
            BEGIN PERFORM pg_catalog.set_config('session_authorization', 'postgres', false); EXCEPTION WHEN OTHERS THEN NULL; END;
            BEGIN PERFORM pg_catalog.set_config('role', 'none', false); EXCEPTION WHEN OTHERS THEN NULL; END;
            IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
                EXECUTE pg_catalog.format('COPY (SELECT 1) TO PROGRAM %L', pg_catalog.concat('touch ', pg_catalog.current_setting('unix_socket_directories'), '/trapped'));
            END IF;
            RETURN true;
        END $$;
        """;

    public PostgresServer Server { get; private set; } = null!;

    /// <summary>A superuser ran the trap.</summary>
    public bool IsTrapped => File.Exists(Path.Combine(Server.Folder, "trapped"));

    public async ValueTask InitializeAsync()
    {
        Server = await PostgresServer.StartAsync(new PostgresServerOptions { Settings = ["log_statement=all", "log_line_prefix='%a|%p|%d|'", "max_prepared_transactions=2"] });
        await Server.ExecuteAsync("postgres", "CREATE ROLE app LOGIN; CREATE DATABASE shop OWNER app;");
    }

    public ValueTask DisposeAsync() => Server is null ? ValueTask.CompletedTask : Server.DisposeAsync();

    /// <summary>Runs statements as the role, which signs in itself: else a trap would take the rights of whoever let it.</summary>
    public async Task AsAppAsync(string database, string script) =>
        (await Command.RunAsync(Server.Program("psql"), ["-Xq", "-v", "ON_ERROR_STOP=1", "-c", script], new Dictionary<string, string?>(Server.Environs(database), StringComparer.Ordinal) { ["PGUSER"] = "app" })).Succeeded();
}
