using System.Text.Unicode;
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
    public bool CanBeDumped => AllowsConnections && !IsInvalid && !IsUnnamed;

    /// <summary>Its name is no UTF-8, so that no session of ours can ask for it; <see cref="Name"/> shows the bytes.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsUnnamed { get; private init; }

    /// <summary>The bytes of a name with others than ASCII, where the server does not know its characters.</summary>
    public string? Hex { get; init; }

    private const string Query = """
        SELECT coalesce(json_agg(json_build_object('name', CASE WHEN d.isunsure THEN '' ELSE d.datname::text END, 'hex', CASE WHEN d.isunsure THEN d.hex END, 'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
            'allowsConnections', d.datallowconn, 'isTemplate', d.datistemplate, 'isInvalid', d.datconnlimit = -2,
            'size', CASE WHEN d.datconnlimit <> -2 AND (pg_catalog.has_database_privilege(d.oid, 'CONNECT') OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
                THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END) ORDER BY d.datname), '[]')::text
        FROM (SELECT n.*, n.hex ~ '^(..)*[89a-f]' AND pg_catalog.getdatabaseencoding() IN ('UTF8', 'SQL_ASCII') AS isunsure
              FROM (SELECT d.*, pg_catalog.encode(pg_catalog.replace(d.datname::text, '\', '\\')::bytea, 'hex') AS hex FROM pg_catalog.pg_database d) n) d
        """;

    /// <summary>All databases, templates included, by name.</summary>
    public static async Task<IReadOnlyList<DatabaseListing>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        [.. (await connection.JsonAsync(Query, PostgresJson.Default.IReadOnlyListDatabaseListing, cancellation)).Select(Named)];

    // Names are one catalog for all databases, each of which has written its own in its encoding; of SQL_ASCII that is any bytes.
    private static DatabaseListing Named(DatabaseListing database)
    {
        if (database.Hex is null) return database;
        var bytes = Convert.FromHexString(database.Hex);
        return Utf8.IsValid(bytes)
            ? database with { Name = System.Text.Encoding.UTF8.GetString(bytes) }
            : database with { IsUnnamed = true, Name = string.Concat(bytes.Select(one => one is >= 0x20 and < 0x7F ? $"{(char)one}" : $"\\x{one:X2}")) };
    }
}
