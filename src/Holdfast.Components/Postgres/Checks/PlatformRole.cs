using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>
/// The role that runs the profile's own SQL. Relations that the SQL names belong to the platform, and their owners
/// determine which code runs when they are read. A superuser cannot give up its privileges by SET ROLE, which any
/// function may reset; a SECURITY DEFINER function of another owner confines the SQL reliably. See
/// docs/decisions/0033-the-profiles-sql.md.
/// </summary>
/// <param name="Name">The role.</param>
/// <param name="IsFenced">
/// True when the SQL runs in a function of that role; else it runs as the session's role, after a plain SET ROLE where
/// that is allowed.
/// </param>
/// <param name="IsSet">True when a plain SET ROLE is done.</param>
internal sealed record PlatformRole(string Name, bool IsFenced, bool IsSet)
{
    /// <summary>
    /// The predefined role that reads all rows, owns nothing, and may do nothing else, since PostgreSQL 14. Used in
    /// databases in which only superusers own code.
    /// </summary>
    private const string Reader = "pg_read_all_data";

    /// <summary>Superusers, and pg_database_owner, which has only the owner of the database as its member.</summary>
    private const string Trusted = "(SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname = 'pg_database_owner')";

    /// <summary>
    /// True where a role other than a superuser owns anything that may run code when a statement is analysed or run, or
    /// may create such an object. Temporary relations of other sessions cannot be named.
    /// </summary>
    private const string HasStrangers = $"""
        EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proowner NOT IN {Trusted})
            OR EXISTS (SELECT FROM pg_catalog.pg_class WHERE relowner NOT IN {Trusted} AND NOT pg_catalog.pg_is_other_temp_schema(relnamespace))
            OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typowner NOT IN {Trusted} AND NOT pg_catalog.pg_is_other_temp_schema(typnamespace))
            OR EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oprowner NOT IN {Trusted})
            OR EXISTS (SELECT FROM pg_catalog.pg_opclass WHERE opcowner NOT IN {Trusted})
            OR EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE NOT pg_catalog.pg_is_other_temp_schema(n.oid) AND (n.nspowner NOT IN {Trusted}
                OR EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) a WHERE a.privilege_type = 'CREATE' AND a.grantee NOT IN {Trusted})))
        """;

    private static string Query(string? wanted) => $"""
        SELECT me.rolname, me.rolsuper, r.rolname, r.rolsuper, pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER'), pg_catalog.pg_is_in_recovery(),
                EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{Reader}'),
                {HasStrangers}
            FROM pg_catalog.pg_database d, pg_catalog.pg_roles me, pg_catalog.pg_roles r
            WHERE d.datname = pg_catalog.current_database() AND me.rolname = current_user AND {(wanted is null ? "r.oid = d.datdba" : $"r.rolname = {Sql.Literal(wanted)}")}
        """;

    /// <param name="connection">A connection to the database that the SQL is for.</param>
    /// <param name="wanted">The profile's 'role'; null for the database's owner.</param>
    /// <param name="isReadOnly">The SQL only reads.</param>
    /// <param name="cancellation">Cancels the query.</param>
    /// <exception cref="ProblemException">
    /// There is no such role, or no role under which the SQL can run safely.
    /// </exception>
    public static async Task<PlatformRole> ChooseAsync(NpgsqlConnection connection, string? wanted, bool isReadOnly, CancellationToken cancellation)
    {
        var found = await connection.RowsAsync(Query(wanted), row => row, cancellation);
        if (found is not [var row]) throw Catalogue.PostgresRole.Throwable($"There is no role \"{wanted}\", which 'role' in the profile names.");
        var (me, isSuper, role, roleIsSuper, isMember, isStandby, hasReader, hasStrangers) = (row[0], row[1] == "t", row[2], row[3] == "t", row[4] == "t", row[5] == "t", row[6] == "t", row[7] == "t");
        if (!isSuper) return new PlatformRole(isMember ? role : me, IsFenced: false, IsSet: isMember && role != me);
        // The profile names a superuser itself: its author trusts what is run.
        if (roleIsSuper && wanted is not null) return new PlatformRole(role, IsFenced: false, IsSet: role != me);
        // A view runs its functions with the privileges of its reader, so pg_read_all_data must not read other owners'
        // views.
        if (roleIsSuper && (!isReadOnly || !hasReader || hasStrangers))
            throw Catalogue.PostgresRole.Throwable($"The database \"{connection.Database}\" belongs to \"{role}\", a superuser, so nothing says which role the profile's SQL may run as.",
                "Name the role that owns the tables under 'role' of the cluster in the profile: what they run when they are read has that role's rights.");
        if (isStandby) throw Catalogue.PostgresRole.Throwable($"\"{me}\" is a superuser, and on a standby nothing keeps what the profile's SQL runs from its rights.");
        return new PlatformRole(roleIsSuper ? Reader : role, IsFenced: true, IsSet: false);
    }
}
