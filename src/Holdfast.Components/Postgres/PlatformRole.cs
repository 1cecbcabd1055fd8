using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres;

/// <summary>
/// As whom the profile's own SQL runs. Relations that it names belong to the platform, and whoever owns them decides what runs when they are read. A
/// superuser can not shed that by SET ROLE, which any function may take back; a function of another owner with SECURITY DEFINER is a fence that holds.
/// docs/decisions/0033-the-profiles-sql.md says more.
/// </summary>
/// <param name="Name">The role.</param>
/// <param name="IsFenced">By a function of that role; else as the role that is signed in, after a plain SET ROLE where that may be.</param>
/// <param name="IsSet">A plain SET ROLE is done.</param>
internal sealed record PlatformRole(string Name, bool IsFenced, bool IsSet)
{
    private static string Query(string? wanted) => $"""
        SELECT me.rolname, me.rolsuper, r.rolname, r.rolsuper, pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER'), pg_catalog.pg_is_in_recovery()
            FROM pg_catalog.pg_database d, pg_catalog.pg_roles me, pg_catalog.pg_roles r
            WHERE d.datname = pg_catalog.current_database() AND me.rolname = current_user AND {(wanted is null ? "r.oid = d.datdba" : $"r.rolname = {Sql.Literal(wanted)}")}
        """;

    /// <param name="connection">To the database that the SQL is for.</param>
    /// <param name="wanted">The profile's 'role'; null for the database's owner.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProblemException">There is no such role, or none that it could safely run as.</exception>
    public static async Task<PlatformRole> ChooseAsync(NpgsqlConnection connection, string? wanted, CancellationToken cancellation)
    {
        var found = await connection.RowsAsync(Query(wanted), row => row, cancellation);
        if (found is not [var row]) throw Catalogue.PostgresRole.Throwable($"There is no role \"{wanted}\", which 'role' in the profile names.");
        var (me, isSuper, role, roleIsSuper, isMember, isStandby) = (row[0], row[1] == "t", row[2], row[3] == "t", row[4] == "t", row[5] == "t");
        if (!isSuper) return new PlatformRole(isMember ? role : me, IsFenced: false, IsSet: isMember && role != me);
        // The profile names a superuser itself: whoever wrote it trusts what is run.
        if (roleIsSuper && wanted is not null) return new PlatformRole(role, IsFenced: false, IsSet: role != me);
        // No role that reads more than the owners of what is read: a stranger's view runs its functions as whoever reads it.
        if (roleIsSuper)
            throw Catalogue.PostgresRole.Throwable($"The database \"{connection.Database}\" belongs to \"{role}\", a superuser, so nothing says which role the profile's SQL may run as.",
                "Name the role that owns the tables under 'role' of the cluster in the profile: what they run when they are read has that role's rights.");
        if (isStandby) throw Catalogue.PostgresRole.Throwable($"\"{me}\" is a superuser, and on a standby nothing keeps what the profile's SQL runs from its rights.");
        return new PlatformRole(role, IsFenced: true, IsSet: false);
    }
}
