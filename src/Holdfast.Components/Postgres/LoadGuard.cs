using System.Security.Cryptography;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres;

/// <summary>
/// While a superuser fills a database, constraints and generated columns run the functions of others with that superuser's rights. So for that long every
/// function that is not a superuser's own runs as its owner (SECURITY DEFINER, which no function gets out of, as it does out of SET ROLE), and nobody
/// else makes or changes anything. Both end before the database gets its name. docs/decisions/0034-loading-rows-of-others.md says more.
/// </summary>
internal sealed class LoadGuard(PostgresConnector connector, string database)
{
    private const string IsSuper = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";

    /// <summary>
    /// Functions, window functions and procedures: an operator or a trigger may call each of them. The functions that an aggregate consists of are rows of
    /// their own. Functions of C are a superuser's work, whoever owns them.
    /// </summary>
    private const string Unguarded = "NOT r.rolsuper AND NOT p.prosecdef AND p.prokind <> 'a' AND l.lanname NOT IN ('c', 'internal')";

    private const string FindUnguarded = $"""
        SELECT pg_catalog.string_agg(f.name, ', ') FROM (SELECT p.oid::pg_catalog.regprocedure::text AS name FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_roles r ON r.oid = p.proowner WHERE {Unguarded} ORDER BY 1 LIMIT 5) f
        """;

    /// <summary>No dump has an object of this name: nothing that was made before could know it.</summary>
    private readonly string _name = $"holdfast_load_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";

    /// <summary>A function is put under guard by the statement that gives it its owner, in the session of a replica too.</summary>
    private string[] Beginning =>
    [
        $"CREATE SCHEMA {_name}",
        $"CREATE TABLE {_name}.guarded (oid oid PRIMARY KEY)",
        $"""
        CREATE FUNCTION {_name}.refuse() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
                RAISE EXCEPTION 'nothing may be defined here while the database is restored' USING ERRCODE = 'insufficient_privilege';
            END IF;
        END $$
        """,
        $"""
        CREATE FUNCTION {_name}.guard() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        DECLARE f record;
        BEGIN
            FOR f IN SELECT p.oid, p.oid::regprocedure::text AS name FROM pg_event_trigger_ddl_commands() c JOIN pg_proc p ON c.classid = 'pg_proc'::regclass AND p.oid = c.objid
                JOIN pg_language l ON l.oid = p.prolang JOIN pg_roles r ON r.oid = p.proowner
                WHERE {Unguarded}
            LOOP
                INSERT INTO {_name}.guarded VALUES (f.oid) ON CONFLICT DO NOTHING;
                EXECUTE format('ALTER ROUTINE %s SECURITY DEFINER', f.name);
            END LOOP;
        END $$
        """,
        $"CREATE EVENT TRIGGER {_name}_refuse ON ddl_command_start EXECUTE FUNCTION {_name}.refuse()",
        $"CREATE EVENT TRIGGER {_name}_guard ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION', 'ALTER FUNCTION', 'CREATE PROCEDURE', 'ALTER PROCEDURE', 'ALTER ROUTINE') EXECUTE FUNCTION {_name}.guard()",
        $"ALTER EVENT TRIGGER {_name}_refuse ENABLE ALWAYS",
        $"ALTER EVENT TRIGGER {_name}_guard ENABLE ALWAYS",
    ];

    private string[] Ending =>
    [
        // No event trigger of the platform's sees what is put back here.
        "SELECT pg_catalog.set_config('session_replication_role', 'replica', false)",
        $"DROP EVENT TRIGGER {_name}_guard",
        $"""
        DO $$ DECLARE f text; BEGIN
            FOR f IN SELECT p.oid::pg_catalog.regprocedure::text FROM {_name}.guarded g JOIN pg_catalog.pg_proc p ON p.oid = g.oid
            LOOP EXECUTE pg_catalog.format('ALTER ROUTINE %s SECURITY INVOKER', f); END LOOP;
        END $$
        """,
        $"DROP EVENT TRIGGER {_name}_refuse",
        $"DROP SCHEMA {_name} CASCADE",
    ];

    private bool _isUp;

    /// <summary>Nothing is to be guarded from a user who is no superuser.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsync(database, cancellation);
        if (!await connection.ScalarAsync<bool>(IsSuper, cancellation)) return;
        foreach (var statement in Beginning) await connection.ExecuteAsync(statement, cancellation);
        _isUp = true;
    }

    /// <summary>Called when the functions are there, and before anything may call them.</summary>
    /// <exception cref="ProblemException">One of them would have the rights of the restore.</exception>
    public async Task RequireAsync(CancellationToken cancellation)
    {
        if (!_isUp) return;
        await using var connection = await connector.OpenAsync(database, cancellation);
        if (await connection.ScalarAsync<string>(FindUnguarded, cancellation) is { } found)
            throw Catalogue.PostgresRestore.Throwable(
                $"Functions of others would run with the rights of the restore: {found}.",
                "Let event triggers run (event_triggers = on) for the user of the profile, or restore with a user who is no superuser.");
    }

    public async Task EndAsync(CancellationToken cancellation)
    {
        if (!_isUp) return;
        await using var connection = await connector.OpenAsync(database, cancellation);
        await connection.ExecuteAsync("BEGIN", cancellation);
        foreach (var statement in Ending) await connection.ExecuteAsync(statement, cancellation);
        await connection.ExecuteAsync("COMMIT", cancellation);
    }
}
