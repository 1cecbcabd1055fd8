using Holdfast.Components.Postgres.Connection;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// What a user who is not a superuser cannot dump from a database: pg_dump leaves most of it out, and reports it on
/// standard error at most.
/// </summary>
internal static class UnreadableObjects
{
    private const string Mine = "(SELECT oid FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(current_user, oid, 'USAGE'))";

    private const string Query = $"""
        SELECT what FROM (
            SELECT format('%s subscription(s)', count(*)) AS what, count(*) AS n FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
                WHERE d.datname = pg_catalog.current_database() AND NOT has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'SELECT')
            UNION ALL SELECT format('the options of %s user mapping(s), passwords among them', count(*)), count(*) FROM pg_catalog.pg_user_mappings WHERE umoptions IS NULL
            UNION ALL SELECT format('%s large object(s)', count(*)), count(*) FROM pg_catalog.pg_largeobject_metadata l
                WHERE l.lomowner NOT IN {Mine} AND NOT EXISTS (
                    SELECT FROM pg_catalog.aclexplode(l.lomacl) a WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR a.grantee IN {Mine}))) found
            WHERE n > 0 AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
        """;

    /// <summary>Returns the objects as parts of a sentence; none for a superuser.</summary>
    public static Task<IReadOnlyList<string>> FindAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.RowsAsync(Query, row => row[0], cancellation);
}
