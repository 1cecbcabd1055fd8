using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// A database of the cluster as planning sees it. <paramref name="Size"/> is in bytes on disk; 0 when the user may not
/// read it.
/// </summary>
internal sealed record DatabaseListing(string Name, string Encoding, bool AllowsConnections, bool IsTemplate, bool IsInvalid, long Size)
{
    /// <summary>True for SQL_ASCII, which defines no encoding, so that its bytes are copied unchanged.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Bytes => Encoding == "SQL_ASCII" ? Encoding : null;

    /// <summary>True when the database accepts connections.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool CanBeDumped => AllowsConnections && !IsInvalid && !IsUnnamed;

    /// <summary>
    /// True when the name is not valid UTF-8, so that no session of Holdfast can name the database; <see cref="Name"/>
    /// shows the bytes.
    /// </summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsUnnamed { get; private init; }

    private static readonly string _query = $"""
        SELECT coalesce(json_agg(json_build_object('name', {SharedName.Ask("d.datname")}, 'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
            'allowsConnections', d.datallowconn, 'isTemplate', d.datistemplate, 'isInvalid', d.datconnlimit = -2,
            'size', CASE WHEN d.datconnlimit <> -2 AND (pg_catalog.has_database_privilege(d.oid, 'CONNECT') OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
                THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END) ORDER BY d.datname), '[]')::text
        FROM pg_catalog.pg_database d
        """;

    /// <summary>Reads all databases, including templates, ordered by name.</summary>
    public static async Task<IReadOnlyList<DatabaseListing>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
    [
        .. (await connection.JsonAsync(_query, PostgresJson.Default.IReadOnlyListDatabaseListing, cancellation))
            .Select(database => database with { IsUnnamed = SharedName.Find(database.Name) is null, Name = SharedName.Show(database.Name) }),
    ];
}
