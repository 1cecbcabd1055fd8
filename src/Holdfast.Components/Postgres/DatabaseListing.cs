using Npgsql;

namespace Holdfast.Components.Postgres;

/// <summary>A database of the cluster as planning sees it. <paramref name="Size"/> is in bytes on disk; 0 when we may not ask.</summary>
internal sealed record DatabaseListing(string Name, string Encoding, bool AllowsConnections, bool IsTemplate, bool IsInvalid, long Size)
{
    /// <summary>SQL_ASCII promises nothing about its bytes, so they are carried one to one.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Bytes => Encoding == "SQL_ASCII" ? Encoding : null;

    /// <summary>Sessions are let into it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool CanBeDumped => AllowsConnections && !IsInvalid;

    private const string Query = """
        SELECT coalesce(json_agg(json_build_object('name', d.datname, 'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
            'allowsConnections', d.datallowconn, 'isTemplate', d.datistemplate, 'isInvalid', d.datconnlimit = -2,
            'size', CASE WHEN d.datconnlimit <> -2 AND (pg_catalog.has_database_privilege(d.oid, 'CONNECT') OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
                THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END) ORDER BY d.datname), '[]')::text
        FROM pg_catalog.pg_database d
        """;

    /// <summary>All databases, templates included, by name.</summary>
    public static Task<IReadOnlyList<DatabaseListing>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.JsonAsync(Query, PostgresJson.Default.IReadOnlyListDatabaseListing, cancellation);
}
