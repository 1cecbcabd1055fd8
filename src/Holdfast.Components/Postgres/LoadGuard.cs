namespace Holdfast.Components.Postgres;

/// <summary>
/// While a superuser fills a database, constraints and generated columns run the functions of others with that superuser's rights. So for that long every
/// function that is not a superuser's own runs as its owner (SECURITY DEFINER, which no function gets out of, as it does out of SET ROLE), and nobody
/// else makes or changes anything. Both end before the database gets its name. docs/decisions/0034-loading-rows-of-others.md says more.
/// </summary>
internal sealed class LoadGuard(PostgresConnector connector, string database)
{
    private const string IsSuper = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";

    /// <summary>Functions of C are a superuser's work, whoever owns them. One is put under guard when it gets its owner.</summary>
    private static readonly string[] _begin =
    [
        "CREATE SCHEMA holdfast_load",
        "CREATE TABLE holdfast_load.guarded (oid oid PRIMARY KEY)",
        """
        CREATE FUNCTION holdfast_load.refuse() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
        BEGIN
            IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
                RAISE EXCEPTION 'nothing may be defined here while the database is restored' USING ERRCODE = 'insufficient_privilege';
            END IF;
        END $$
        """,
        """
        CREATE FUNCTION holdfast_load.guard() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
        DECLARE f record;
        BEGIN
            FOR f IN SELECT p.oid, p.oid::regprocedure::text AS name FROM pg_event_trigger_ddl_commands() c JOIN pg_proc p ON c.classid = 'pg_proc'::regclass AND p.oid = c.objid
                JOIN pg_language l ON l.oid = p.prolang JOIN pg_roles r ON r.oid = p.proowner
                WHERE NOT r.rolsuper AND NOT p.prosecdef AND p.prokind = 'f' AND l.lanname NOT IN ('c', 'internal')
            LOOP
                INSERT INTO holdfast_load.guarded VALUES (f.oid) ON CONFLICT DO NOTHING;
                EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', f.name);
            END LOOP;
        END $$
        """,
        "CREATE EVENT TRIGGER holdfast_refuse ON ddl_command_start EXECUTE FUNCTION holdfast_load.refuse()",
        "CREATE EVENT TRIGGER holdfast_guard ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION', 'ALTER FUNCTION') EXECUTE FUNCTION holdfast_load.guard()",
    ];

    private static readonly string[] _end =
    [
        // No event trigger of the platform's sees what is put back here.
        "SELECT pg_catalog.set_config('session_replication_role', 'replica', false)",
        "DROP EVENT TRIGGER holdfast_guard",
        """
        DO $$ DECLARE f text; BEGIN
            FOR f IN SELECT p.oid::pg_catalog.regprocedure::text FROM holdfast_load.guarded g JOIN pg_catalog.pg_proc p ON p.oid = g.oid
            LOOP EXECUTE pg_catalog.format('ALTER FUNCTION %s SECURITY INVOKER', f); END LOOP;
        END $$
        """,
        "DROP EVENT TRIGGER holdfast_refuse",
        "DROP SCHEMA holdfast_load CASCADE",
    ];

    private bool _isUp;

    /// <summary>Nothing is to be guarded from a user who is no superuser.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsync(database, cancellation);
        if (!await connection.ScalarAsync<bool>(IsSuper, cancellation)) return;
        foreach (var statement in _begin) await connection.ExecuteAsync(statement, cancellation);
        _isUp = true;
    }

    public async Task EndAsync(CancellationToken cancellation)
    {
        if (!_isUp) return;
        await using var connection = await connector.OpenAsync(database, cancellation);
        await connection.ExecuteAsync("BEGIN", cancellation);
        foreach (var statement in _end) await connection.ExecuteAsync(statement, cancellation);
        await connection.ExecuteAsync("COMMIT", cancellation);
    }
}
