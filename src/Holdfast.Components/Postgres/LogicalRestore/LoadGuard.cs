using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Limits the rights of functions while a superuser loads a database, where statements and constraints would run other
/// users' functions with superuser rights. During the load one owner at a time is active: the owner of the object that
/// is created or filled. Every function runs as that role, whoever owns it, as if the role had written the rows itself,
/// and no other role may call it. This uses SECURITY DEFINER, which a function cannot leave, unlike SET ROLE. No
/// function creates or changes any object. The guard is removed before the database gets its name. Decisions 0034 and
/// 0057 give the details.
/// </summary>
internal sealed class LoadGuard(PostgresConnector connector, string database)
{
    private const string IsSuper = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";

    /// <summary>A role that may only read settings: functions that belong to no other role run as it.</summary>
    private const string Powerless = "(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'pg_read_all_settings')";

    private const string NoRole = "NULL", AsRecorded = "0";

    /// <summary>
    /// Selects the functions to guard. Functions in C can only be created by a superuser, whoever owns them, and are
    /// not guarded. Of a superuser's functions, those of extensions and of PostgreSQL itself are not changed. An
    /// aggregate calls its functions as its owner.
    /// </summary>
    private const string Functions = """
        pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND (p.prokind = 'a' OR l.lanname NOT IN ('c', 'internal')) JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
            AND (NOT r.rolsuper OR p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'))
        """;

    /// <summary>
    /// Finds unguarded functions: an operator or a trigger may call functions of any kind. The functions of an
    /// aggregate are rows of their own.
    /// </summary>
    private const string FindUnguarded = $"""
        SELECT pg_catalog.string_agg(f.name, ', ') FROM (SELECT p.oid::pg_catalog.regprocedure::text AS name FROM {Functions}
            WHERE NOT r.rolsuper AND NOT p.prosecdef AND p.prokind <> 'a' ORDER BY 1 LIMIT 5) f
        """;

    /// <summary>A random name that occurs in no dump: no object created before can refer to it.</summary>
    private readonly string _name = $"holdfast_load_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";

    /// <summary>
    /// The owner, rights and SECURITY DEFINER of each function during the load. A superuser's function is left to a
    /// superuser. A SECURITY DEFINER function of the platform is left to the roles that may call it there, once they
    /// are known; for others it runs without rights. A materialized view is filled without a request of its owner:
    /// functions of other owners have no rights then.
    /// </summary>
    private string Wanted => $"""
        SELECT g.oid, w.owner, CASE WHEN k.keeps OR o.is_others THEN g.acl ELSE ARRAY[makeaclitem(w.owner, w.owner, 'EXECUTE', false)] END AS acl,
                    g.definer OR g.plain AND NOT (g.super AND k.keeps) AS definer
                FROM {_name}.guarded g CROSS JOIN {_name}.entered e
                CROSS JOIN LATERAL (SELECT e.as_recorded OR e.super AND g.super OR g.definer AND (pg_has_role(e.role, g.owner, 'USAGE') OR e.lends AND EXISTS (
                    SELECT FROM aclexplode(coalesce(g.acl, acldefault('f', g.owner))) a WHERE a.grantee = 0 OR pg_has_role(e.role, a.grantee, 'USAGE'))) AS keeps) k
                CROSS JOIN LATERAL (SELECT e.alone AND NOT k.keeps AND NOT g.super AND g.owner <> e.role AS is_others) o
                CROSS JOIN LATERAL (SELECT CASE WHEN k.keeps THEN g.owner WHEN g.definer OR o.is_others THEN {Powerless} ELSE e.role END AS owner) w
        """;

    /// <summary>
    /// The statements that set up the guard. A function is guarded by the statement that gives it its owner, also in a
    /// session with session_replication_role = replica.
    /// </summary>
    private string[] Beginning =>
    [
        $"CREATE SCHEMA {_name}",
        // The tables are unlogged because a publication for all tables includes others, and rejects their updates.
        $"CREATE UNLOGGED TABLE {_name}.guarded (oid oid PRIMARY KEY, owner oid, acl aclitem[], definer boolean, plain boolean, super boolean)",
        $"CREATE UNLOGGED TABLE {_name}.entered AS SELECT false AS as_recorded, false AS super, false AS lends, false AS alone, {Powerless} AS role",
        $"""
        CREATE FUNCTION {_name}.apply() RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            UPDATE pg_proc p SET proowner = w.owner, proacl = w.acl, prosecdef = w.definer FROM ({Wanted}) w
                WHERE p.oid = w.oid AND (p.proowner, p.proacl, p.prosecdef) IS DISTINCT FROM (w.owner, w.acl, w.definer);
            RETURN FOUND;
        END $$
        """,
        $"""
        CREATE FUNCTION {_name}.enter(who oid, is_alone boolean DEFAULT false) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF (SELECT as_recorded FROM {_name}.entered) THEN
                UPDATE {_name}.guarded g SET owner = p.proowner, acl = p.proacl FROM pg_proc p WHERE p.oid = g.oid;
            END IF;
            INSERT INTO {_name}.guarded SELECT p.oid, p.proowner, p.proacl, p.prosecdef, p.prokind <> 'a', r.rolsuper FROM {Functions} WHERE p.pronamespace <> '{_name}'::regnamespace ON CONFLICT DO NOTHING;
            UPDATE {_name}.entered SET alone = is_alone, as_recorded = coalesce(who = {AsRecorded}, false), super = EXISTS (SELECT FROM pg_roles WHERE oid = who AND rolsuper),
                role = coalesce((SELECT oid FROM pg_roles WHERE oid = who AND NOT rolsuper), {Powerless});
            RETURN {_name}.apply();
        END $$
        """,
        $"""
        CREATE FUNCTION {_name}.refuse() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            -- A right that was passed on is granted by a session that is its holder's; no function can make its session one.
            IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AND NOT (TG_TAG IN ('GRANT', 'REVOKE') AND session_user = current_user) THEN
                RAISE EXCEPTION 'nothing may be defined here while the database is restored' USING ERRCODE = 'insufficient_privilege';
            END IF;
        END $$
        """,
        $"""
        CREATE FUNCTION {_name}.guard() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            INSERT INTO {_name}.guarded SELECT p.oid, p.proowner, p.proacl, p.prosecdef, p.prokind <> 'a', false FROM {Functions}
                WHERE NOT r.rolsuper AND p.oid IN (SELECT objid FROM pg_event_trigger_ddl_commands() WHERE classid = 'pg_proc'::regclass) ON CONFLICT DO NOTHING;
            IF FOUND THEN PERFORM {_name}.apply(); END IF;
        END $$
        """,
        $"CREATE EVENT TRIGGER {_name}_refuse ON ddl_command_start EXECUTE FUNCTION {_name}.refuse()",
        $"CREATE EVENT TRIGGER {_name}_guard ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION', 'ALTER FUNCTION', 'CREATE PROCEDURE', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'CREATE AGGREGATE', 'ALTER AGGREGATE') EXECUTE FUNCTION {_name}.guard()",
        $"ALTER EVENT TRIGGER {_name}_refuse ENABLE ALWAYS",
        $"ALTER EVENT TRIGGER {_name}_guard ENABLE ALWAYS",
    ];

    private string[] Ending =>
    [
        // The platform's event triggers do not fire for the statements that remove the guard.
        "SELECT pg_catalog.set_config('session_replication_role', 'replica', false)",
        $"SELECT {_name}.enter({AsRecorded})",
        $"UPDATE pg_catalog.pg_proc p SET prosecdef = g.definer FROM {_name}.guarded g WHERE p.oid = g.oid AND p.prosecdef <> g.definer",
        $"DROP EVENT TRIGGER {_name}_guard",
        $"DROP EVENT TRIGGER {_name}_refuse",
        $"DROP SCHEMA {_name} CASCADE",
    ];

    private bool _isUp;
    private string _owner = NoRole, _entered = NoRole;

    /// <summary>Sets up the guard; does nothing for a user who is not a superuser.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsync(database, cancellation);
        if (!await connection.ScalarAsync<bool>(IsSuper, cancellation)) return;
        foreach (var statement in Beginning) await connection.ExecuteAsync(statement, cancellation);
        _isUp = true;
    }

    /// <summary>
    /// Query that decides whether SECURITY DEFINER functions may act for other roles: not when a function or a view
    /// reads the session user, which is the superuser of the restore.
    /// </summary>
    private string Lend => $"""
        UPDATE {_name}.entered SET lends = NOT EXISTS (
            SELECT FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND p.prokind <> 'a' AND p.pronamespace <> '{_name}'::pg_catalog.regnamespace
                AND pg_catalog.pg_get_functiondef(p.oid) ~* '{AsksForSession}'
            UNION ALL SELECT FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('v', 'm') AND pg_catalog.pg_get_viewdef(c.oid) ~* '{AsksForSession}')
        """;

    private const string AsksForSession = "session_user|session_authorization|system_user|is_superuser|pg_stat_(get_)?activity|inet_client";

    /// <summary>Called once the functions and their rights exist, and before rows may call them.</summary>
    /// <exception cref="ProblemException">A function would run with the rights of the restore.</exception>
    public async Task RequireAsync(CancellationToken cancellation)
    {
        if (!_isUp) return;
        await using var connection = await connector.OpenAsync(database, cancellation);
        if (await connection.ScalarAsync<string>(FindUnguarded, cancellation) is { } found)
            throw Catalogue.PostgresRestore.Throwable(
                $"Functions of others would run with the rights of the restore: {found}.",
                "Let event triggers run (event_triggers = on) for the user of the profile, or restore with a user who is no superuser.");
        await connection.ExecuteAsync(Lend, cancellation);
    }

    /// <summary>
    /// Called before a statement of a script: functions run as the role that pg_dump names as the owner of the object.
    /// Statements that grant and revoke run no functions, and need each function with its own owner and rights.
    /// </summary>
    public async Task EnterAsync(LoadSession session, ScriptStatement statement, CancellationToken cancellation)
    {
        if (ScriptStatement.HeadOf(statement.Text) is { } head) _owner = ScriptStatement.RoleIn(head) is { } role ? Role(role) : NoRole;
        await EnterAsync(session, statement.IsOfRights ? AsRecorded : statement.Refreshes ? $"{_owner}, true" : _owner, cancellation);
    }

    /// <summary>From now on functions run as the owner of the relation.</summary>
    public Task EnterOwnerAsync(LoadSession session, string relation, CancellationToken cancellation) =>
        EnterAsync(session, $"(SELECT relowner FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({Sql.Literal(relation)}))", cancellation);

    /// <summary>From now on functions run without rights.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        if (!_isUp) return;
        await using var connection = await connector.OpenAsync(database, cancellation);
        await connection.ExecuteAsync($"SELECT {_name}.enter({NoRole})", cancellation);
        _entered = NoRole;
    }

    /// <summary>
    /// Returns the tables grouped by owner: functions run as that owner while its tables are processed. All tables at
    /// once when the guard is not set up.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<TableEntry>> ByOwnerAsync(
        LoadSession session, IReadOnlyList<TableEntry> tables, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await LeaveAsync(cancellation);
        if (tables.Count == 0 || !_isUp || !await session.Connection.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM {_name}.guarded)", cancellation))
        {
            yield return tables;
            yield break;
        }
        var owners = await session.Connection.RowsAsync(
            $"""
            SELECT coalesce(c.relowner, 0) FROM unnest(ARRAY[{string.Join(", ", tables.Select(table => Sql.Literal(table.Qualified)))}]) WITH ORDINALITY AS t(name, place)
                LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(t.name) ORDER BY t.place
            """, row => row[0], cancellation);
        foreach (var group in tables.Zip(owners).GroupBy(pair => pair.Second, pair => pair.First, StringComparer.Ordinal))
        {
            await EnterAsync(session, group.Key == AsRecorded ? NoRole : group.Key, cancellation);
            yield return [.. group];
        }
    }

    public async Task EndAsync(CancellationToken cancellation)
    {
        if (!_isUp) return;
        await using var connection = await connector.OpenAsync(database, cancellation);
        await connection.ExecuteAsync("BEGIN", cancellation);
        foreach (var statement in Ending) await connection.ExecuteAsync(statement, cancellation);
        await connection.ExecuteAsync("COMMIT", cancellation);
    }

    /// <summary>
    /// Activates a role. A session caches the role as which a type's operator runs, so another role needs another
    /// session.
    /// </summary>
    private async Task EnterAsync(LoadSession session, string who, CancellationToken cancellation)
    {
        if (!_isUp || who == _entered) return;
        _entered = who;
        if (await session.Connection.ScalarAsync<bool>($"SELECT {_name}.enter({who})", cancellation)) await session.ReopenAsync(cancellation);
    }

    /// <summary>
    /// Query for the role with a name as pg_dump writes it. pg_dump writes line breaks as spaces and may append a
    /// tablespace: a name that matches two roles matches none.
    /// </summary>
    private static string Role(string written) => string.Create(CultureInfo.InvariantCulture, $"""
        (SELECT CASE WHEN pg_catalog.count(*) = 1 THEN pg_catalog.min(r.oid) END FROM (SELECT oid, pg_catalog.translate(rolname, E'\n\r', '  ') AS name FROM pg_catalog.pg_roles) r
            WHERE r.name = {Sql.Literal(written)} OR pg_catalog.strpos({Sql.Literal(written)}, r.name || '; Tablespace: ') = 1)
        """);
}
